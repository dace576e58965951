/** A schema that refuses every key it does not name, at any depth: contracts are pinned with it. */
import { z } from 'zod';

export function strict(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    return z.strictObject(
      Object.fromEntries(Object.entries(schema.shape).map(([key, of]) => [key, strict(of as z.ZodType)])),
    );
  }
  if (schema instanceof z.ZodArray) return z.array(strict(schema.element as z.ZodType));
  if (schema instanceof z.ZodNullable) return strict(schema.unwrap() as z.ZodType).nullable();
  if (schema instanceof z.ZodOptional) return strict(schema.unwrap() as z.ZodType).optional();
  return schema;
}

type JsonSchema = Record<string, unknown>;

/** A schema of an OpenAPI document as a strict zod schema. in: the document, for what the schema refers to. */
export function strictJson(
  document: { components?: { schemas?: Record<string, unknown> } },
  schema: JsonSchema,
): z.ZodType {
  const close = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(close);
    if (typeof part !== 'object' || part === null) return part;
    const { $ref, ...rest } = part as JsonSchema;
    if (typeof $ref === 'string') return close(document.components?.schemas?.[$ref.split('/').at(-1) ?? '']);
    const closed = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, close(value)]));
    return 'properties' in closed && !('additionalProperties' in closed)
      ? { ...closed, additionalProperties: false }
      : closed;
  };
  return z.fromJSONSchema(close(schema) as Parameters<typeof z.fromJSONSchema>[0]);
}
