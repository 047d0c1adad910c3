// Renders the formulas of a page: once when it opens, and again whenever instant navigation swaps it.
document$.subscribe(() => {
  if (!window.renderMathInElement) return;
  window.renderMathInElement(document.body, {
    delimiters: [
      { left: "$$", right: "$$", display: true },
      { left: "\\[", right: "\\]", display: true },
      { left: "\\(", right: "\\)", display: false },
      { left: "$", right: "$", display: false },
    ],
    ignoredTags: ["script", "noscript", "style", "textarea", "pre", "code", "option", "svg"],
    ignoredClasses: ["katex", "jp-OutputArea-output"], // what is rendered, and what a program printed
    throwOnError: false,
  });
});
