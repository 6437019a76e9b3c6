/**
 * Dates as `before` and `after` see them: epoch milliseconds. Must not know a time zone's name, a leap second or the
 * present time.
 */
const DAY_MS = 86_400_000;
const DATE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** The milliseconds of a value: an integral number of them, of any size, or a date. */
export function dateOf(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isInteger(value) ? value : undefined;
  }
  return typeof value === "string" ? parseDate(value) : undefined;
}

/** Parses `YYYY-MM-DDThh:mm:ss[.1-9 digits](Z|+hh:mm|-hh:mm)`, truncated to milliseconds toward the past. */
export function parseDate(text: string): number | undefined {
  const found = DATE.exec(text);
  if (found === null) {
    return undefined;
  }
  const part = (index: number): number => Number(found[index] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second] = [part(4), part(5), part(6)];
  const [zoneHour, zoneMinute] = [part(9), part(10)];
  const real = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!real || hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) {
    return undefined;
  }
  const millis = Number((found[7] ?? "").padEnd(3, "0").slice(0, 3));
  const offset = (zoneHour * 60 + zoneMinute) * (found[8] === "-" ? -60_000 : 60_000);
  const time = ((hour * 60 + minute) * 60 + second) * 1_000 + millis;
  return daysSinceEpoch(year, month, day) * DAY_MS + time - offset;
}

function daysIn(year: number, month: number): number {
  if (month === 2) {
    return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  }
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days of the proleptic Gregorian calendar since 1970-01-01 (years counted from March, in eras of 400). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
