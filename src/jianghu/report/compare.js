// The compare page's own script: questions of one group alone.
const kinds = document.getElementById("kind");
kinds.addEventListener("change", () => {
  for (const row of document.querySelectorAll("tbody tr")) row.hidden = kinds.value !== "" && row.dataset.kind !== kinds.value;
});
dressers.push(() => { for (const option of kinds.options) if (option.dataset.en) option.text = option.dataset[root.dataset.lang]; });
dress();
