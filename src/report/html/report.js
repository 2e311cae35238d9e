// The page is complete without this. It adds: sorting, filtering, copying, folds that open when a
// link or a printer needs them.
"use strict";
(function () {
  const all = (root, selector) => Array.from(root.querySelectorAll(selector));

  // sorting: a button in each column head
  function value(row, column, number) {
    const cell = row.cells[column];
    const text = cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
    return number ? Number(text) : text.toLowerCase();
  }

  function sort(table, head, column) {
    const number = head.hasAttribute("data-n");
    const down = head.getAttribute("aria-sort") === "ascending";
    all(table, "thead th").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = all(table, "tbody tr").map((row, at) => ({ row, at, v: value(row, column, number) }));
    rows.sort((a, b) => {
      const order = a.v < b.v ? -1 : a.v > b.v ? 1 : 0;
      return (down ? -order : order) || a.at - b.at;
    });
    const body = table.tBodies[0];
    rows.forEach((r) => body.appendChild(r.row));
  }

  all(document, "table.list").forEach((table) => {
    all(table, "thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head, column));
      head.append(button);
    });
  });

  // filtering: rows and their cards together
  all(document, "form.tools").forEach((form) => {
    const table = document.getElementById(form.dataset.for + "-list");
    const rows = all(table, "tbody tr").map((row) => {
      const card = document.getElementById(row.dataset.card);
      return { row, card, text: (row.textContent + " " + card.textContent).toLowerCase() };
    });
    const search = form.querySelector("input[type=search]");
    const only = form.querySelector("input.only");
    const boxes = all(form, "fieldset input");
    const output = form.querySelector("output");
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const severities = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
      let shown = 0;
      rows.forEach((r) => {
        const show = severities.has(r.row.dataset.sev) &&
          (!only || !only.checked || r.row.dataset.hidden === "1") &&
          words.every((w) => r.text.includes(w));
        r.row.hidden = r.card.hidden = !show;
        shown += show ? 1 : 0;
      });
      output.textContent = shown === rows.length ? "all " + rows.length + " shown"
        : shown + " of " + rows.length + " shown";
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    apply();
  });

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const search = document.querySelector("form.tools input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    } else if (event.key === "Escape" && event.target.type === "search") {
      event.target.value = "";
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  // commands can be copied where the browser allows it
  if (navigator.clipboard) {
    all(document, ".card pre").forEach((pre) => {
      const text = pre.textContent;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "copy";
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(text).then(() => {
          button.textContent = "copied";
          setTimeout(() => { button.textContent = "copy"; }, 1500);
        }, () => { button.textContent = "not allowed"; });
      });
      pre.prepend(button);
    });
  }

  // a link shows what it points to, even if it is folded away or filtered out
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
      if (at.hidden && at.classList.contains("card")) at.hidden = false;
    }
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();

  // printing opens every fold
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all(document, "details:not([open])");
    closed.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((d) => { d.open = false; }));
})();
