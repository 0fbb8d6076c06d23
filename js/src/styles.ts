import base from "./styles/base.css";
import buttons from "./styles/buttons.css";
import drawers from "./styles/drawers.css";
import fields from "./styles/fields.css";
import files from "./styles/files.css";
import header from "./styles/header.css";
import layout from "./styles/layout.css";
import log from "./styles/log.css";
import media from "./styles/media.css";
import print from "./styles/print.css";
import runs from "./styles/runs.css";
import stage from "./styles/stage.css";
import viewer from "./styles/viewer.css";

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
  stage,
  log,
  viewer,
  media,
  print,
].join("");
