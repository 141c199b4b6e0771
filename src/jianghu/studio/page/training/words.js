// Times and sizes in words.

/** Seconds as 0:07, 12:05 or 3:02:11. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Seconds as one says them: about 12 minutes. */
export function about(seconds, tr) {
  if (seconds < 90) return tr("about_seconds", { count: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return tr("about_minutes", { count: Math.round(seconds / 60) });
  return tr("about_hours", { count: (seconds / 3600).toFixed(1) });
}

export const gigabytes = (bytes) => (bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 2 ** 20))} MB`);
