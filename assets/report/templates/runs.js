// What is known of each run, and the one run that the reader follows through all figures and the table.
const table = document.getElementById("runs-table");
const rows = new Map([...table?.tBodies[0].rows ?? []].map(row => [row.dataset.run, row]));
const bar = document.getElementById("followed");

window.study = {
  followed: null,
  /** The name of a run by its methods, and its AUROC; of a run that the table does not have, nothing. */
  told(run) {
    const row = rows.get(run);
    if (!row) return null;
    const measured = row.querySelector(".number");
    const [value, more] = [measured.firstChild.textContent.trim(), measured.querySelector("small")?.textContent];
    return { name: row.dataset.name, auroc: more ? `${value} (${more})` : value };
  },
  follow(run) {
    if (run !== null && !rows.has(run)) return;
    study.followed = run;
    rows.forEach((row, key) => row.classList.toggle("chosen", key === run));
    bar.hidden = run === null;
    if (run !== null) {
      const { name, auroc } = study.told(run);
      bar.replaceChildren(`${name}: AUROC ${auroc}`, button("Let go", () => study.follow(null)));
    }
    document.dispatchEvent(new CustomEvent("followed", { detail: run }));
  },
};

function button(label, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.onclick = action;
  return made;
}
addEventListener("keydown", event => { if (event.key === "Escape" && study.followed) study.follow(null); });
// Each row offers to follow its run; the name of the run is what is pressed.
rows.forEach((row, run) => {
  const cell = row.cells[0], press = button("", () => study.follow(study.followed === run ? null : run));
  const words = document.createElement("span");
  press.className = "plain";
  words.className = "sr";
  words.textContent = " follow in the figures";
  press.append(...cell.childNodes, words);
  cell.append(press);
});
