// The model card: a dialog that a button opens.

document.getElementById("open-card").addEventListener("click", () => document.getElementById("card").showModal());
