import base from "../styles/base.css";
import buttons from "../styles/buttons.css";
import fields from "../styles/fields.css";
import header from "../styles/header.css";
import outputs from "../styles/outputs.css";
import viewer from "../styles/viewer.css";
import gallery from "./gallery.css";

/** In the order in which they overrule one another. */
export const galleryStyles = [base, buttons, header, fields, outputs, viewer, gallery].join("");
