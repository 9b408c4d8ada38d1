"use strict";

const content = JSON.parse(document.getElementById("content").textContent);
const place = (id) => document.getElementById(id);
const drawn = []; // timelines that are on the page

function duration(seconds) {
  if (seconds < 60) return seconds.toFixed(1) + " s";
  const minutes = seconds / 60;
  return minutes < 60 ? minutes.toFixed(1) + " min" : (minutes / 60).toFixed(1) + " h";
}

function fillOverview() {
  const {videos} = content, done = videos.filter((video) => video.timeline);
  const sum = (name) => done.reduce((total, video) => total + video[name], 0);
  const frames = sum("frames");
  const seen = done.reduce((total, video) => total + video.coverage * video.frames, 0);
  const failed = videos.length - done.length;
  const figures = [
    [done.length === 1 ? "video" : "videos", done.length.toLocaleString("en")],
    ["together", duration(sum("seconds"))],
    ["frames", frames.toLocaleString("en")],
    ["of frames with the main face", frames ? percent(seen / frames) + " %" : "–"],
    ["without any face", String(done.filter((video) => !video.people).length)],
    ["failed", String(failed)],
  ];
  place("title").textContent = content.title;
  place("made").textContent = `Made by videxpr ${content.version}, ${content.made}`;
  place("figures").append(...figures.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  const notes = [];
  if (content.setups.length > 1)
    notes.push(`The videos were made with ${content.setups.length} different settings (below): their figures may not be comparable.`);
  if (failed) notes.push(`${failed} of ${videos.length} videos failed; the table says why.`);
  for (const setup of content.setups.slice(0, 1)) {
    const untrained = setup["never trained"];
    if (untrained) notes.push(`The model was never trained on ${untrained}, and never answers so.`);
  }
  place("notes").append(...notes.map((note) => element("li", {}, note)));
  place("legend").append(...content.expressions.map((one) => {
    const patch = element("span", {class: "patch"}, one.name.slice(0, 2));
    patch.style.background = one.color;
    patch.style.color = one.ink;
    return element("li", {}, patch, one.name);
  }));
}

// A mean with its interval on a scale from 0 to 100 %.
function whisker(share, color) {
  const svg = drawing("svg", {viewBox: "0 0 100 10", class: "whisker", "aria-hidden": "true"});
  const add = (name, attributes) => svg.append(drawing(name, attributes));
  const x = (value) => 4 + value * 92;
  add("line", {x1: 4, x2: 96, y1: 9.5, y2: 9.5, class: "scale"});
  if (share.length > 1) add("line", {x1: x(share[1]), x2: x(share[2]), y1: 5, y2: 5, class: "interval"});
  add("circle", {cx: x(share[0]), cy: 5, r: 3.5, fill: color, class: "mean"});
  return svg;
}

function groupsTable({level, groups}) {
  const head = element("tr", {}, ...["", "videos", "face"].concat(content.expressions.map((one) => one.name))
    .map((name) => element("th", {scope: "col"}, name)));
  if (level) head.firstChild.textContent = level;
  const rows = groups.map((group) => element("tr", {},
    element("th", {scope: "row"}, group.name),
    element("td", {}, group.with_face < group.videos ? `${group.with_face} of ${group.videos}` : String(group.videos)),
    element("td", {}, percent(group.coverage) + " %"),
    ...group.shares.map((share, label) => {
      if (!share) return element("td", {class: "none"}, "–");
      const interval = share.length > 1 && share[1] < share[2] ? `${percent(share[1])} to ${percent(share[2])}` : "";
      return element("td", {}, element("strong", {}, percent(share[0])), " ",
        element("span", {class: "interval-text"}, interval), whisker(share, content.expressions[label].color));
    })));
  const table = element("div", {class: "scroll", tabindex: "0"}, element("table", {class: "groups"},
    element("thead", {}, head), element("tbody", {}, ...rows)));
  if (!level) return table;
  const isShort = groups.length <= 12;
  const count = groups.length === 1 ? "1 group" : `${groups.length} groups`;
  return element("details", isShort ? {open: ""} : {}, element("summary", {}, `By ${level}: ${count}`), table);
}

function fillComparison() {
  place("comparison").hidden = !content.comparison.length;
  const hasIntervals = content.comparison.some(({groups}) => groups.some(({shares}) => shares.some((share) => share && share.length > 1)));
  const about = hasIntervals ? ["Behind each mean stands its 95 % interval, by a bootstrap over videos; of fewer than five none is given.",
    "Several videos of one person count as if they were of several, so that the interval is then too narrow."] : [];
  place("groups-note").textContent = ["In %, on a line from 0 to 100. Each video counts the same, however long it is.", ...about].join(" ");
  place("groups").append(...content.comparison.map(groupsTable));
}

function fillSetups() {
  content.setups.forEach((setup, number) => {
    const videos = content.videos.filter((video) => video.setup === number).length;
    const rows = Object.entries(setup).map(([name, value]) =>
      element("tr", {}, element("th", {scope: "row"}, name), element("td", {}, value)));
    const summary = content.setups.length > 1 ? `Settings ${number + 1}, of ${videos} videos` : "Of all videos";
    const details = element("details", {}, element("summary", {}, `${summary}: ${setup.model}, ${setup.detector}`),
      element("div", {class: "scroll"}, element("table", {class: "settings"}, element("tbody", {}, ...rows))));
    place("setups").append(details);
  });
}

function episodesOf(video) {
  if (!video.episodes.length) return element("p", {class: "note"}, "No episodes.");
  const names = ["start", "end", "seconds", "expression", "person", "mean probability", "face seen"];
  const rows = video.episodes.map(([start, end, label, person, mean, coverage]) => {
    const {name, color} = content.expressions[label];
    const dot = element("span", {class: "dot", "aria-hidden": "true"});
    dot.style.background = color;
    const cells = [clock(start, 2), clock(end, 2), (end - start).toFixed(2), [dot, name], person, mean.toFixed(2), percent(coverage) + " %"];
    return element("tr", {}, ...cells.map((cell) => element("td", {}, ...[cell].flat().map((one) => one instanceof Node ? one : String(one)))));
  });
  const more = video.episode_count > video.episodes.length ? `, the ${video.episodes.length} longest` : "";
  return element("details", {class: "episodes"}, element("summary", {}, `${video.episode_count} episodes${more}`),
    element("p", {class: "note"}, content.episodes),
    element("div", {class: "scroll"}, element("table", {class: "settings"},
      element("thead", {}, element("tr", {}, ...names.map((name) => element("th", {scope: "col"}, name)))), element("tbody", {}, ...rows))));
}

function openVideo(video, panel) {
  const notes = notesOf(video);
  if (notes.length) panel.append(element("ul", {class: "messages"}, ...notes.map((note) => element("li", {}, note))));
  if (!video.timeline) return;
  if (content.setups.length > 1) panel.append(element("p", {class: "note"}, `Made with settings ${video.setup + 1}.`));
  if (video.faces.length) panel.append(element("div", {class: "faces"}, ...video.faces.map(faceOf)));
  const {people, undrawn} = video.timeline;
  for (const person of people) {
    const timeline = new Timeline(video, person, content.expressions);
    drawn.push(timeline);
    if (people.length > 1) panel.append(element("h3", {}, `Person ${person.number}, seen in ${person.frames.toLocaleString("en")} frames`));
    panel.append(timeline.canvas, timeline.readout);
  }
  if (undrawn) panel.append(element("p", {class: "note"}, `${undrawn} more people, who are seen for less, are not drawn; the Parquet file has them.`));
  if (!people.length) panel.append(element("p", {class: "note"}, "No face was found."));
  panel.append(episodesOf(video));
}

function faceOf({label, seconds, confidence, image}) {
  const {name} = content.expressions[label];
  const words = `${name} ${confidence.toFixed(2)} at ${clock(seconds)}`;
  return element("figure", {}, element("img", {src: "data:image/jpeg;base64," + image, alt: words}), element("figcaption", {}, words));
}

// Fields of the form above the table; each asks of a row whether it passes.
function filterFields() {
  const word = element("input", {type: "search", id: "word", placeholder: "name, warning or error"});
  const most = element("select", {id: "most"}, element("option", {value: ""}, "any"),
    ...content.expressions.map((one, label) => element("option", {value: label}, one.name)));
  const least = element("input", {type: "number", id: "least", min: 0, max: 100, step: 5, value: 0});
  const noted = element("input", {type: "checkbox", id: "noted"});
  const fields = [
    ["Find", word, ({words}) => words.includes(word.value.trim().toLowerCase())],
    ["Most often", most, ({video}) => most.value === "" || mostFrequent(video) === Number(most.value)],
    ["Face in at least, %", least, ({video}) => !Number(least.value) || (video.coverage || 0) * 100 >= Number(least.value)],
    ["With notes", noted, ({video}) => !noted.checked || notesOf(video).length > 0],
  ];
  content.levels.forEach((level, depth) => {
    const names = [...new Set(content.videos.map((video) => video.folders[depth]).filter(Boolean))].sort();
    const select = element("select", {id: `level-${depth}`}, element("option", {value: ""}, "all"),
      ...names.map((name, number) => element("option", {value: String(number)}, name)));
    fields.push([level, select, ({video}) => select.value === "" || video.folders[depth] === names[Number(select.value)]]);
  });
  return fields;
}

function mostFrequent(video) {
  const shares = (video.shares || []).map((share) => share || 0);
  return shares.length ? shares.indexOf(Math.max(...shares)) : -1;
}

function fillFilters(table) {
  const fields = filterFields(), hasFaces = content.videos.some((video) => video.faces && video.faces.length);
  const apply = () => {
    const shown = table.filter((row) => fields.every(([, , passes]) => passes(row)));
    place("count").textContent = `${shown.toLocaleString("en")} of ${content.videos.length.toLocaleString("en")} videos. Shares are in % of the frames with a face. A name opens a timeline${hasFaces ? " and faces" : ""}.`;
  };
  place("filters").append(...fields.map(([name, field]) => element("label", {for: field.id}, element("span", {}, name), field)));
  place("filters").addEventListener("input", apply);
  place("filters").addEventListener("submit", (event) => event.preventDefault());
  apply();
}

const drawAll = (isPrinted) => drawn.forEach((timeline) => timeline.draw(isPrinted));

fillOverview();
fillComparison();
const table = new VideoTable(place("videos"), content, openVideo);
fillFilters(table);
fillSetups();
if (content.videos.length === 1) document.querySelector("button.video").click();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(false));
matchMedia("print").addEventListener("change", (event) => drawAll(event.matches));
