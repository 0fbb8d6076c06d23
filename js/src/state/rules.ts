import { withPoint } from "../dom/decimals.ts";
import type { Parameter, Scalar, Value } from "../kernel/messages.ts";

const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function isNumeric(p: Parameter): boolean {
  return p.kind === "number" || p.kind === "range";
}

/** What was typed, as it travels: seeds and integers beyond 2**53 stay text, and so does what is no number. */
export function parse(p: Parameter, typed: string): Scalar {
  if (p.role !== "seed" && !isNumeric(p)) return typed;
  const text = typed.trim();
  if (text === "") return null;
  if (p.role === "seed") return text;
  return toNumber(withPoint(text)) ?? text;
}

/** Null for what is no number. */
function toNumber(text: string): Scalar {
  const value = Number(text);
  if (INTEGER.test(text)) return Number.isSafeInteger(value) ? value : text;
  return DECIMAL.test(text) && Number.isFinite(value) ? value : null;
}

export function isEmpty(value: Value | undefined): boolean {
  return (
    value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

/** Catalogues write booleans as text. */
export function isOn(value: Value): boolean {
  return !["", "0", "false", "null"].includes(String(value ?? "").toLowerCase());
}

/** The sentence that belongs beside the field, or null when the value may be sent. */
export function check(p: Parameter, value: Value): string | null {
  if (isEmpty(value)) return p.required ? p.expected : null;
  if (p.kind === "file") return checkFiles(p, value);
  if (isNumeric(p) || (p.role === "seed" && p.integer)) return fits(p, value) ? null : whatFits(p, value);
  return p.json ? checkJson(p.json, String(value).trim()) : null;
}

function checkJson(shape: NonNullable<Parameter["json"]>, typed: string): string | null {
  if (shape === "list" && !/^[[{]/.test(typed)) return null; // lines of text are a list too
  try {
    const value: unknown = JSON.parse(shape === "list" && !typed.startsWith("[") ? `[${typed}]` : typed);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return shape === "object" && !isObject ? 'A JSON object is needed, as {"name": 1}' : null;
  } catch (error) {
    const [, line, column] = /line (\d+) column (\d+)/.exec(String(error)) ?? [];
    return `This is not valid JSON${line ? `: line ${line}, character ${column}` : ""}`;
  }
}

/** Only where the reader's language has no decimal comma does one come here. */
function whatFits(p: Parameter, value: Value): string {
  if (!String(value).includes(",")) return p.expected;
  return `${p.expected}${p.integer ? ", without a comma" : "; decimals with a point, as in 0.5"}`;
}

function checkFiles(p: Parameter, value: Value): string | null {
  const limit = fileLimit(p);
  if (!Array.isArray(value) || value.length <= limit) return null;
  return limit === 1 ? "One file only" : `At most ${limit} files`;
}

export function fileLimit(p: Parameter): number {
  return p.multiple ? (p.max_files ?? Number.POSITIVE_INFINITY) : 1;
}

function fits(p: Parameter, value: Value): boolean {
  const text = String(value).trim();
  if (!DECIMAL.test(text)) return false;
  if (p.integer && !INTEGER.test(text) && !Number.isInteger(Number(text))) return false;
  return !below(text, p.minimum) && !below(p.maximum, text);
}

/** Compares as integers where both are, because a seed may not fit a double. */
function below(a: string | number | null, b: string | number | null): boolean {
  if (a === null || b === null) return false;
  const [first, second] = [String(a), String(b)];
  if (INTEGER.test(first) && INTEGER.test(second)) return toBig(first) < toBig(second);
  return Number(first) < Number(second);
}

const toBig = (text: string) => BigInt(text.replace(/^\+/, ""));

/** The next value a step away, inside the bounds and free of binary noise. */
export function stepped(p: Parameter, value: number, steps: number): number {
  const target = value + steps * (p.step ?? 1);
  const bounded = Math.min(p.maximum ?? target, Math.max(p.minimum ?? target, target));
  return Number(bounded.toFixed(p.decimals));
}

export function randomSeed(p: Parameter, random: () => number = Math.random): string {
  const low = Math.max(p.minimum ?? 0, 0);
  const high = Math.min(p.maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return String(low + Math.floor(random() * (high - low + 1)));
}
