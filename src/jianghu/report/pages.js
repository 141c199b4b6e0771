"use strict";
// Language and theme, on every page of this room.
const root = document.documentElement;
const dressers = [];
const dress = () => dressers.forEach((dresser) => dresser());
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
// What shows this page may ask for a language and colours: #lang=zh&theme=dark
const wanted = new URLSearchParams(location.hash.slice(1));
if ((wanted.get("lang") ?? navigator.language).startsWith("zh")) root.dataset.lang = root.lang = "zh";
if (wanted.get("theme")) root.dataset.theme = wanted.get("theme");
document.getElementById("lang").addEventListener("click", () => {
  root.dataset.lang = root.lang = root.dataset.lang === "zh" ? "en" : "zh"; dress();
});
document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; dress(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
