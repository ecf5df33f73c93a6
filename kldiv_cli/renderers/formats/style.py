"""The style of pages and pictures: colours that are told apart by everybody, light and dark.

Every rule names a class of its own, so that a page within another one changes nothing there. Blue
and vermilion are those of Okabe and Ito (2008); marks differ in shape as well, and no text is
coloured. No character that XML would have to escape stands in a rule.
"""

from __future__ import annotations

LIGHT = {
    "bg": "#ffffff", "ink": "#1b1b1b", "dim": "#595959", "grid": "#dcdcdc",
    "p": "#d55e00", "q": "#0072b2",
}  # fmt: skip
DARK = {
    "bg": "#111315", "ink": "#ececec", "dim": "#b0b0b0", "grid": "#3a3d40",
    "p": "#d55e00", "q": "#2b8fd0",
}  # fmt: skip


SHADES = ("none", "#e3f0f8", "#b9dbef", "#86c0e2", "#1c70ad", "#0a4a7a")
"""Of cells of a matrix, from the least; text on the last two is white, on the others black."""


def variables(colors: dict[str, str]) -> str:
    """Return colours as custom properties of CSS."""
    return "".join(f"--{name}:{color};" for name, color in colors.items())


_COLORS = (
    f".kldiv{{{variables(LIGHT)}}}"
    f"@media (prefers-color-scheme:dark){{.kldiv{{{variables(DARK)}}}}}"
    f"@media print{{.kldiv{{{variables(LIGHT)}}}}}"
)
_MARKS = """
.kldiv path{fill:none;stroke:var(--ink);stroke-width:1.5}
.kldiv .k-grid{stroke:var(--grid);stroke-width:1}
.kldiv .k-base{stroke:var(--dim);stroke-width:1}
.kldiv .k-limit,.kldiv .k-quantile{stroke-dasharray:4 3}
.kldiv .k-interval{stroke-width:2}
.kldiv .k-more,.kldiv .k-p-range,.kldiv .k-more-bar,.kldiv .k-p{stroke:var(--p)}
.kldiv .k-less,.kldiv .k-q-range,.kldiv .k-less-bar,.kldiv .k-q{stroke:var(--q)}
.kldiv .k-more,.kldiv .k-less{stroke-width:3}
.kldiv .k-more-bar,.kldiv .k-less-bar{stroke-width:11}
.kldiv .k-p{stroke-linecap:round;stroke-width:9}
.kldiv .k-q,.kldiv .k-q-hole{stroke-linecap:square;stroke-width:9}
.kldiv .k-q-hole{stroke:var(--bg);stroke-width:5}
.kldiv .k-filled,.kldiv .k-hollow,.kldiv .k-hollow-hole{stroke-linecap:round;stroke-width:11}
.kldiv .k-hollow-hole{stroke:var(--bg);stroke-width:7}
"""
_PAGE = """
.kldiv{color-scheme:light dark;background:var(--bg);color:var(--ink);max-width:68rem;
margin:0 auto;padding:1rem;font:15px/1.45 system-ui,sans-serif;font-variant-numeric:tabular-nums}
.kldiv *{box-sizing:border-box}
.kldiv h1,.kldiv h2{font-weight:600;line-height:1.25;margin:1.6em 0 .3em;color:inherit;
overflow-wrap:anywhere}
.kldiv h1{font-size:22px;margin-top:0}
.kldiv h2{font-size:18px}
.kldiv b{font-weight:600}
.kldiv p{margin:.3em 0;max-width:46rem;overflow-wrap:anywhere}
.kldiv a{color:inherit}
.kldiv .k-dim,.kldiv dt,.kldiv summary,.kldiv figcaption,.kldiv caption{color:var(--dim)}
.kldiv dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.1em 1em;margin:1em 0}
.kldiv dt{grid-column:1;font-weight:400}
.kldiv dd{margin:0;grid-column:2;overflow-wrap:anywhere}
.kldiv details{margin:.4em 0}
.kldiv summary{cursor:pointer}
.kldiv .k-note{border-left:3px solid var(--dim);padding-left:.7em}
.kldiv .k-scroll{overflow-x:auto}
.kldiv.kldiv.kldiv table{border-collapse:collapse;margin:.5em 0;font-size:14px;color:inherit;
background:none}
.kldiv.kldiv.kldiv tr{background:none}
.kldiv.kldiv.kldiv :is(th,td){text-align:left;font-weight:400;vertical-align:top;max-width:34rem;
padding:.15em 1em .15em 0;border:0;border-bottom:1px solid var(--grid);overflow-wrap:break-word}
.kldiv.kldiv.kldiv thead th{color:var(--dim)}
.kldiv.kldiv.kldiv .k-number{text-align:right}
.kldiv.kldiv.kldiv :is(th,td).k-number{white-space:nowrap;padding-left:.6em}
.kldiv caption{text-align:left}
.kldiv.kldiv.kldiv .k-shades th{white-space:nowrap;background:var(--bg)}
.kldiv.kldiv.kldiv .k-shades tbody th{position:sticky;left:0}
.kldiv figure{margin:.8em 0;container-type:inline-size;break-inside:avoid}
.kldiv figcaption{font-size:13px}
.kldiv svg{overflow:visible}
.kldiv .k-key{width:10px;height:10px}
.kldiv .k-rows{--h:22px;display:grid;grid-template-columns:var(--wide);column-gap:14px;
font-size:13px}
.kldiv .k-lines{line-height:var(--h);white-space:pre;overflow:hidden;text-overflow:ellipsis;
min-width:0}
.kldiv .k-head{color:var(--dim);white-space:nowrap}
.kldiv .k-axis{position:relative;height:20px;color:var(--dim)}
.kldiv .k-axis i{position:absolute;font-style:normal;white-space:nowrap;
transform:translateX(-50%)}
.kldiv .k-axis .k-begins{transform:none}
.kldiv .k-quantile i{border-left:2px solid var(--dim);padding:0 5px;transform:none}
.kldiv .k-quantile .k-before{border:0;border-right:2px solid var(--dim);
transform:translateX(-100%)}
.kldiv .k-marks{position:relative;min-width:0}
.kldiv .k-marks svg{display:block;width:100%;height:calc(var(--h)*var(--n))}
.kldiv .k-marks path{vector-effect:non-scaling-stroke}
.kldiv .k-marks .k-lines{position:absolute;top:0;overflow:visible}
.kldiv .k-end{right:-4px}
.kldiv .k-spread{--h:12px;margin:0 8px}
.kldiv .k-spread .k-p{stroke-width:8}
@container (max-width:40rem){
.kldiv .k-rows{--h:42px;grid-template-columns:var(--narrow)}
.kldiv .k-spread{--h:8px;grid-template-columns:none}
.kldiv .k-spread .k-p{stroke-width:5}
.kldiv .k-wide{display:none}
.kldiv .k-axis,.kldiv .k-marks{grid-column:1/-1;margin:0 6px}
.kldiv .k-rows:not(.k-spread) .k-axis{grid-row:1}
.kldiv .k-rows:not(.k-spread) .k-marks{grid-row:2;transform:translateY(10px)}
.kldiv .k-rows .k-lines{grid-row:2;transform:translateY(-9px);
text-shadow:0 0 3px var(--bg),0 0 3px var(--bg),0 0 2px var(--bg)}
.kldiv .k-rows{padding-bottom:8px}
.kldiv .k-1{grid-column:1}
.kldiv .k-2{grid-column:2}
.kldiv .k-3{grid-column:3}
.kldiv .k-marks .k-lines{transform:none}
}
@media print{.kldiv{max-width:none;padding:0}.kldiv a{text-decoration:none}
.kldiv details::details-content{content-visibility:visible;block-size:auto}}
"""
_SHADES = "".join(
    f".kldiv.kldiv.kldiv td.k-s{level}{{color:{ink};background:{color}}}"
    f".kldiv .k-s{level}{{fill:{color}}}.kldiv .k-t{level}{{fill:{ink}}}"
    for level, color in enumerate(SHADES)
    for ink in ("#111" if level < 4 else "#fff",)
    if level
)
STYLE = _COLORS + (_MARKS + _PAGE).replace("\n", "") + _SHADES
_DRAWING = """
.kldiv text{fill:var(--ink);font:13px system-ui,sans-serif;font-variant-numeric:tabular-nums;
white-space:pre}
.kldiv .k-dim{fill:var(--dim)}
.kldiv .k-title{font-size:16px;font-weight:600}
.kldiv .k-head{font-weight:600}
.kldiv .k-back{fill:var(--bg)}
"""
PICTURE_STYLE = _COLORS + (_MARKS + _DRAWING).replace("\n", "") + _SHADES
