/** Which of the frame's dialogs is open: one at most, asked for by buttons, keys and the palette alike. */

export type DialogName = 'palette' | 'keys' | 'share' | 'filters';

let open = $state<DialogName>();

export const dialogs = {
  get open(): DialogName | undefined {
    return open;
  },
  show(name: DialogName): void {
    open = name;
  },
  /** name: only if it is this one. */
  close(name?: DialogName): void {
    if (name === undefined || name === open) open = undefined;
  },
};
