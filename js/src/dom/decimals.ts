// "0,5", "1.000,5", "1.000.000,5" and "1 000,5": a comma that can only stand before decimals.
const COMMA = /^[+-]?(\d*|[1-9]\d{0,2}(([.\s'’])\d{3}(\3\d{3})*))?,\d*(e[+-]?\d+)?$/i;

/** What was typed as a number, with a point, where a language of the reader's writes decimals with a comma. */
export function withPoint(typed: string, languages?: readonly string[]): string {
  const text = typed.normalize("NFKC").trim(); // full-width digits
  if (!COMMA.test(text) || !(languages ?? readersLanguages()).some(writesComma)) return text;
  return text.replace(/[.\s'’]/g, "").replace(",", ".");
}

function readersLanguages(): string[] {
  return [navigator.language, document.documentElement.lang];
}

function writesComma(language: string): boolean {
  try {
    return language !== "" && new Intl.NumberFormat(language).format(0.5).includes(",");
  } catch {
    return false; // no name of a language
  }
}
