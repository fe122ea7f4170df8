(function () {
  "use strict";

  // Copy buttons. A file opened from disk has no clipboard API everywhere, so a selection is the fallback.
  function copyText(block) {
    var text = block.textContent;
    if (navigator.clipboard && window.isSecureContext) { return navigator.clipboard.writeText(text); }
    var range = document.createRange();
    range.selectNodeContents(block);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("copy was refused"));
  }
  document.querySelectorAll(".copy").forEach(function (button) {
    button.addEventListener("click", function () {
      copyText(button.parentNode.querySelector("pre")).then(
        function () { button.textContent = "Copied"; },
        function () { button.textContent = "Selected"; }
      );
      setTimeout(function () { button.textContent = "Copy"; }, 1600);
    });
  });

  var chart = document.getElementById("chart");
  var holder = document.getElementById("timeline-spec");
  if (!chart || !holder || !window.vegaEmbed) { return; }

  var live = document.getElementById("live");
  var length = Number(chart.dataset.length);
  var axis = chart.querySelector(".axis");
  var view = null;
  var width = 0;

  function pixels(name) { return parseFloat(getComputedStyle(chart).getPropertyValue(name)); }
  function plotWidth() { return Math.round(chart.querySelector(".plot").getBoundingClientRect().width); }
  function domain() { return (view && view.signal("zoom_t")) || [0, length]; }

  function show(from, to) {
    var span = Math.min(Math.max(to - from, length / 5000), length);
    var start = Math.min(Math.max(from, 0), length - span);
    view.signal("zoom_t", span >= length ? null : [start, start + span]).runAsync();
  }

  // The axis is HTML, like all text of the chart; it follows the zoom.
  function drawAxis() {
    var shown = domain();
    var span = shown[1] - shown[0];
    var most = Math.max(2, Math.floor(width / 90));
    var step = Math.pow(10, Math.floor(Math.log10(span / most)));
    [2, 5, 10].some(function (m) {
      if (span / step <= most) { return true; }
      step = Math.pow(10, Math.floor(Math.log10(span / most))) * m;
      return false;
    });
    var places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    axis.textContent = "";
    for (var t = Math.ceil(shown[0] / step) * step; t <= shown[1] + 1e-9; t += step) {
      var label = document.createElement("span");
      var place = (t - shown[0]) / span;
      label.className = "time";
      label.textContent = t.toFixed(places) + " s";
      label.style.left = (100 * place) + "%";
      label.style.display = "inline";
      label.style.transform = place < 0.02 ? "none" : place > 0.97 ? "translateX(-100%)" : "translateX(-50%)";
      axis.appendChild(label);
    }
  }

  function build() {
    var spec = JSON.parse(holder.textContent);
    var keep = view ? view.signal("zoom_t") : null;
    if (view) { view.finalize(); view = null; }
    width = plotWidth();
    var gutter = pixels("--gutter");
    var head = pixels("--head");
    spec.vconcat.forEach(function (lane) { lane.width = width; });
    spec.spacing = head;
    spec.padding = { left: gutter, top: head, right: 0, bottom: 0 };
    live.hidden = false;
    var options = { mode: "vega-lite", actions: false, renderer: "svg", hover: false, defaultStyle: false, logLevel: 1,
      tooltip: function (handler, event, item, value) { tell(event, value); } };
    return window.vegaEmbed(live, spec, options).then(function (result) {
      view = result.view;
      return view.height(chart.clientHeight - head - axis.offsetHeight).runAsync();
    }).then(function () {
      view.addSignalListener("zoom_t", drawAxis);
      var svg = live.querySelector("svg");
      svg.setAttribute("aria-hidden", "true");
      svg.removeAttribute("role");
      chart.classList.add("is-live");
      chart.setAttribute("data-live", "ready");
      if (keep) { view.signal("zoom_t", keep).runAsync(); }
      drawAxis();
    });
  }

  var tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.appendChild(tip);
  function tell(event, value) {
    tip.hidden = !value;
    if (!value) { return; }
    tip.textContent = "";
    Object.keys(value).forEach(function (name) {
      var row = document.createElement("div");
      [name.trim(), value[name]].forEach(function (text) {
        if (text === "") { return; }
        var cell = document.createElement("span");
        cell.textContent = text;
        row.appendChild(cell);
      });
      tip.appendChild(row);
    });
    var box = tip.getBoundingClientRect();
    var x = event.clientX + 16 + box.width > window.innerWidth ? event.clientX - 16 - box.width : event.clientX + 16;
    tip.style.left = Math.max(4, x) + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 16, window.innerHeight - box.height - 4)) + "px";
  }

  var cursor = document.createElement("div");
  cursor.className = "cursor";
  cursor.hidden = true;
  cursor.appendChild(document.createElement("span"));
  chart.appendChild(cursor);
  chart.addEventListener("pointermove", function (event) {
    var left = chart.getBoundingClientRect().left + pixels("--gutter");
    var place = (event.clientX - left) / width;
    cursor.hidden = place < 0 || place > 1;
    if (cursor.hidden) { return; }
    var shown = domain();
    cursor.style.left = (event.clientX - left + pixels("--gutter")) + "px";
    cursor.firstChild.textContent = (shown[0] + place * (shown[1] - shown[0])).toFixed(2) + " s";
  });
  chart.addEventListener("pointerleave", function () { cursor.hidden = true; tip.hidden = true; });

  function act(action) {
    var shown = domain();
    var span = shown[1] - shown[0];
    var middle = (shown[0] + shown[1]) / 2;
    var tools = document.querySelector(".tools").dataset;
    if (action === "in") { show(middle - span / 4, middle + span / 4); }
    if (action === "out") { show(middle - span, middle + span); }
    if (action === "left") { show(shown[0] - span / 4, shown[1] - span / 4); }
    if (action === "right") { show(shown[0] + span / 4, shown[1] + span / 4); }
    if (action === "migrate") { around(Number(tools.from), Number(tools.to)); }
    if (action === "reset") { show(0, length); }
  }
  function around(from, to) {
    var room = Math.max((to - from) * 0.25, length / 100);
    show(from - room, to + room);
  }
  document.querySelectorAll("[data-zoom]").forEach(function (button) {
    button.addEventListener("click", function () { act(button.dataset.zoom); });
  });
  document.querySelectorAll("a.show").forEach(function (link) {
    link.addEventListener("click", function () { around(Number(link.dataset.from), Number(link.dataset.to)); });
  });
  chart.tabIndex = 0;
  chart.setAttribute("role", "group");
  chart.setAttribute("aria-label", "Timeline: plus and minus zoom, arrows pan, 0 shows the whole run");
  chart.addEventListener("keydown", function (event) {
    var action = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", "0": "reset" }[event.key];
    if (action && !event.ctrlKey && !event.metaKey) { act(action); event.preventDefault(); }
  });

  var pending = 0;
  window.addEventListener("resize", function () {
    clearTimeout(pending);
    pending = setTimeout(function () { if (plotWidth() !== width) { build(); } }, 150);
  });

  // Other programs and tests may drive the chart.
  window.rehearseTimeline = { show: show, domain: domain };
  build().catch(function (error) {
    live.hidden = true;
    chart.classList.remove("is-live");
    console.error("the interactive timeline could not start:", error);
  });
})();
