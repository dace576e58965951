/**
 * Names in one parameter of an address, a comma between: `shop,data`. Names are the senders': a comma in one is written
 * %2C and a percent sign %25; whatever else follows a percent sign is taken as it stands, so ids need nothing more.
 */

/** The parameter for these names; '' for none. */
export function toListText(names: readonly string[]): string {
  return names.map((name) => name.replaceAll('%', '%25').replaceAll(',', '%2C')).join(',');
}

/** The names of a parameter; empty ones are left out. */
export function parseList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => part.replaceAll(/%2c|%25/gi, (escape) => (escape === '%25' ? '%' : ',')));
}
