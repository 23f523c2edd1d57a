// Light, dark, or as the system says; remembered where the browser lets a page remember.
const form = document.getElementById("theme");
function attempt(action, otherwise) {
  try { return action(); } catch { return otherwise; }
}
function show(value) {
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  form.elements.theme.value = value;
}
show(attempt(() => localStorage.getItem("theme") ?? "", ""));
form.hidden = false;
form.addEventListener("change", () => {
  show(form.elements.theme.value);
  attempt(() => localStorage.setItem("theme", form.elements.theme.value));
});

// The section that is being read, in the list of contents.
const links = new Map([...document.querySelectorAll("body > nav a")].map(link => [link.hash.slice(1), link]));
const reading = new IntersectionObserver(entries => {
  for (const { isIntersecting, target } of entries)
    links.get(target.querySelector("h2").id)?.setAttribute("aria-current", isIntersecting);
}, { rootMargin: "-30% 0px -65% 0px" });
document.querySelectorAll("main > section").forEach(section => reading.observe(section));
