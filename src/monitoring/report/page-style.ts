/** The page's own style, light and dark, on paper too. No element has a style of its own, so that the policy names this one by its hash. */
export const pageStyle: string = `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #ffffff; --text: #1c2430; --soft: #5a6675; --rule: #dde2e8;
  --good: #1f7a4d; --good-ground: #e3f4ea; --bad: #b3261e; --bad-ground: #fdeaea; --warn: #8a5a00; --warn-ground: #fff1d6;
  --first: #2f6fd6; --second: #8a63c9; --none: #e6e9ee; }
@media (prefers-color-scheme: dark) { :root { --ground: #11151b; --card: #1a2029; --text: #e7ebf0; --soft: #a0acba; --rule: #303946;
  --good: #66cf97; --good-ground: #16352a; --bad: #ff8f86; --bad-ground: #43201f; --warn: #f2bf5e; --warn-ground: #3d2f12;
  --first: #76a9ff; --second: #bfa0f2; --none: #2a323d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 40px; }
h1 { font-size: 22px; margin: 0 0 2px; }
h2 { font-size: 15px; margin: 0 0 10px; }
.later { margin-top: 18px; }
p { margin: 0; }
.soft { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.verdict { margin: 16px 0; padding: 14px 16px; border-radius: 10px; border-left: 5px solid; font-size: 17px; font-weight: 600; overflow-wrap: anywhere; }
.verdict.good { background: var(--good-ground); border-color: var(--good); color: var(--good); }
.verdict.bad { background: var(--bad-ground); border-color: var(--bad); color: var(--bad); }
.verdict ul { margin: 6px 0 0; padding-left: 20px; font-size: 14px; font-weight: 400; color: var(--text); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-bottom: 12px; }
.card, section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 14px 16px; }
.card b { display: block; font-size: 19px; font-variant-numeric: tabular-nums; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 12px; }
section { margin-bottom: 12px; min-width: 0; }
.pair section { margin-bottom: 0; }
.pair { margin-bottom: 12px; }
svg { display: block; width: 100%; height: auto; }
.rule { stroke: var(--rule); } .tick { fill: var(--soft); font-size: 11px; } .bar { fill: var(--first); }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; } .line.first { stroke: var(--first); } .line.second { stroke: var(--second); stroke-dasharray: 5 4; }
.strip { display: grid; grid-template-columns: repeat(30, 1fr); gap: 3px; list-style: none; padding: 0; margin: 0; }
.strip li { height: 34px; border-radius: 3px; text-align: center; line-height: 34px; font-size: 12px; font-weight: 700; background: var(--none); color: var(--soft); overflow: hidden; }
.strip .good { background: var(--good); color: var(--card); } .strip .bad { background: var(--bad); color: var(--card); } .strip .warn { background: var(--warn-ground); color: var(--warn); border: 1px dashed var(--warn); line-height: 32px; }
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 8px; }
.key i { display: inline-block; width: 16px; height: 10px; border-radius: 2px; margin-right: 5px; }
.key .good { background: var(--good); } .key .bad { background: var(--bad); } .key .warn { background: var(--warn-ground); border: 1px dashed var(--warn); } .key .none { background: var(--none); }
.key .first { background: var(--first); } .key .second { background: var(--second); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { text-align: left; padding: 6px 10px 6px 0; border-top: 1px solid var(--rule); vertical-align: top; white-space: nowrap; }
th { border-top: 0; color: var(--soft); font-weight: 600; }
td.text { white-space: normal; min-width: 150px; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.mark { display: inline-block; padding: 0 8px; border-radius: 9px; font-size: 12.5px; font-weight: 600; background: var(--none); }
.mark.good { background: var(--good-ground); color: var(--good); } .mark.bad { background: var(--bad-ground); color: var(--bad); } .mark.warn { background: var(--warn-ground); color: var(--warn); }
@media (max-width: 560px) { main { padding: 16px 10px 28px; } .strip { grid-template-columns: repeat(15, 1fr); } .cards { grid-template-columns: 1fr 1fr; gap: 8px; } .card b { font-size: 17px; } .tick { font-size: 14px; } }
@media print { body { background: #fff; font-size: 11px; } main { max-width: none; padding: 0; } section, .card { break-inside: avoid; } .verdict, .strip li, .mark, .key i { print-color-adjust: exact; } }
`
