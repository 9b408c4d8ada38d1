"use strict";
// The table of videos: sorts, filters, and opens a video below its row.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null)); // texts become text nodes, never HTML
  return made;
}

function drawing(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const NAMES = new Intl.Collator("en", {numeric: true}); // clip2 before clip10
const percent = (share) => (share * 100).toFixed(share > 0 && share < 0.095 ? 1 : 0);

// What each column shows and is sorted by; numbers fall first, names rise.
function tableColumns(expressions) {
  return [
    {name: "Video", value: (video) => video.name, isText: true},
    {name: "Length", value: (video) => video.seconds, show: (video) => clock(video.seconds)},
    {name: "Frames", value: (video) => video.frames},
    {name: "Face", title: "Share of the frames in which the main person's face was detected",
      value: (video) => video.coverage, show: (video) => percent(video.coverage) + " %"},
    {name: "People", title: "Who is annotated: by default the main person of each frame (annotate --people)", value: (video) => video.people},
    {name: "Over time", title: "The main person's expressions from start to end; hatched where no face is", value: null},
    ...expressions.map((expression, label) => ({
      name: expression.name, color: expression.color,
      title: `${expression.name}: share of the frames with a face`,
      value: (video) => video.shares ? video.shares[label] : null,
    })),
    {name: "Notes", title: "Warnings and errors", value: (video) => notesOf(video).length},
  ];
}

function notesOf(video) {
  return [...(video.error ? [video.error] : []), ...(video.warnings || [])];
}

class VideoTable {
  constructor(table, content, open) {
    this.content = content;
    this.open = open;
    this.table = table;
    this.columns = tableColumns(content.expressions);
    this.sorted = {column: 0, isRising: true};
    this.rows = content.videos.map((video) => this.row(video));
    table.append(element("caption", {class: "hidden"}, "Videos; the name opens a video's timeline"), this.head());
    this.sort(0, true);
  }

  head() {
    const cells = this.columns.map((column, place) => {
      const cell = element("th", {scope: "col"});
      if (column.title) cell.title = column.title;
      if (!column.value) {
        cell.append(column.name);
        return cell;
      }
      const button = element("button", {type: "button"}, column.name);
      if (column.color) {
        const dot = element("span", {class: "dot", "aria-hidden": "true"});
        dot.style.background = column.color;
        button.prepend(dot);
      }
      button.addEventListener("click", () => {
        const isSame = this.sorted.column === place;
        this.sort(place, isSame ? !this.sorted.isRising : Boolean(column.isText));
      });
      cell.append(button);
      return cell;
    });
    this.headCells = cells;
    return element("thead", {}, element("tr", {}, ...cells));
  }

  row(video) {
    const button = element("button", {type: "button", "aria-expanded": "false", class: "video"}, video.name);
    const cells = this.columns.map((column, place) => {
      if (place === 0) return element("th", {scope: "row"}, button);
      if (column.name === "Over time") return this.stripCell(video);
      if (column.name === "Notes") return this.notesCell(video);
      const value = column.value(video);
      if (value === null || value === undefined) return element("td", {class: "none"}, "–");
      if (!column.color) return element("td", {}, column.show ? column.show(video) : value.toLocaleString("en"));
      return this.shareCell(value, column.color);
    });
    const body = element("tbody", {}, element("tr", {}, ...cells));
    if (video.error) body.classList.add("failed");
    const row = {video, body, detail: null, words: [video.name, ...notesOf(video)].join("\n").toLowerCase()};
    button.addEventListener("click", () => this.toggle(row, button));
    return row;
  }

  shareCell(share, color) {
    if (share === 0) return element("td", {class: "none"}, "0");
    const bar = element("span", {class: "bar", "aria-hidden": "true"});
    bar.style.width = share * 100 + "%";
    bar.style.background = color;
    return element("td", {class: "share"}, percent(share), element("span", {class: "track"}, bar));
  }

  stripCell(video) {
    if (!video.strip) return element("td", {class: "strip"}, "failed");
    const labels = bytes(video.strip);
    const strip = drawing("svg", {
      class: "strip", viewBox: `0 0 ${labels.length} 1`, preserveAspectRatio: "none", role: "img",
      "aria-label": `Expressions of ${video.name} over time`,
    });
    for (const {start, end, label} of runs(labels)) {
      const expression = this.content.expressions[label];
      if (expression) strip.append(drawing("rect", {x: start, width: end - start, height: 1, fill: expression.color}));
    }
    return element("td", {}, strip);
  }

  notesCell(video) {
    const notes = notesOf(video), cell = element("td", {class: "notes"});
    if (notes.length) {
      cell.append(String(notes.length));
      cell.title = notes.join("\n");
    }
    return cell;
  }

  toggle(row, button) {
    if (!row.detail) {
      const panel = element("div");
      row.detail = element("tr", {hidden: ""}, element("td", {colspan: this.columns.length, class: "detail"}, panel));
      row.body.append(row.detail);
      this.open(row.video, panel);
    }
    row.detail.hidden = !row.detail.hidden;
    button.setAttribute("aria-expanded", String(!row.detail.hidden));
  }

  sort(place, isRising) {
    const {value, isText} = this.columns[place], sign = isRising ? 1 : -1;
    const isMissing = (one) => one === null || one === undefined;
    this.rows.sort((a, b) => {
      const [left, right] = [value(a.video), value(b.video)];
      if (isMissing(left) || isMissing(right)) return isMissing(left) - isMissing(right); // last, either way
      return sign * (isText ? NAMES.compare(left, right) : left - right);
    });
    this.sorted = {column: place, isRising};
    this.headCells.forEach((cell, number) => {
      if (number === place) cell.setAttribute("aria-sort", isRising ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    this.table.append(...this.rows.map((row) => row.body));
  }

  // Show the rows that pass; return how many.
  filter(passes) {
    let shown = 0;
    for (const row of this.rows) {
      row.body.hidden = !passes(row);
      shown += !row.body.hidden;
    }
    return shown;
  }
}
