import base from "./base.css";
import buttons from "./buttons.css";
import drawers from "./drawers.css";
import fields from "./fields.css";
import files from "./files.css";
import header from "./header.css";
import layout from "./layout.css";
import log from "./log.css";
import media from "./media.css";
import outputs from "./outputs.css";
import print from "./print.css";
import runs from "./runs.css";
import stage from "./stage.css";
import viewer from "./viewer.css";

/** In the order in which they overrule one another. */
export const styles = [
  base,
  buttons,
  header,
  drawers,
  layout,
  runs,
  fields,
  files,
  outputs,
  stage,
  log,
  viewer,
  media,
  print,
].join("");
