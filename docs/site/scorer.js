// Ranks what the search finds: a page whose name begins with the word is about it, and decisions
// and changes are for who has read the guides.
var Scorer = {
  score: (result) => {
    const [page, , , , score] = result;
    const word = (new URLSearchParams(window.location.search).get("q") || "").toLowerCase();
    const name = page.split("/").pop();
    const named = word.length > 2 && name.startsWith(word) ? 20 : 0;
    return named + score * (/^(docs\/adr\/|CHANGELOG|benchmarks\/)/.test(page) ? 0.2 : 1);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
