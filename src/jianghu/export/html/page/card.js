// The model card: a dialog that a button opens, at its beginning.

document.getElementById("open-card").addEventListener("click", () => {
  document.getElementById("card").showModal();
  document.getElementById("card-title").focus();
});
