// On paper nothing can be unfolded: what is short is unfolded before.
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("figcaption details")) part.open = true;
});
