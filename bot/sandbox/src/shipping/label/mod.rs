//! The label's file: a PDF of 4 by 6 inches that looks like one for the parcel, and says that it is none.

mod code128;
mod latin;

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::request::Address;
use super::world::{Label, Status};

/// In points: 72 to the inch.
const WIDTH: f32 = 288.0;
const HEIGHT: f32 = 432.0;
const MARGIN: f32 = 12.0;
/// The smallest size that text shrinks to before it is cut.
const SMALLEST: f32 = 5.0;

const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// The file of a label.
pub(super) fn pdf(label: &Label) -> Vec<u8> {
    let [catalog, pages, page, regular, bold, content, info] = [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    pdf.document_info(info)
        .title(TextStr(&format!("Label {}", label.tracking_number)))
        .creator(TextStr("stepkeep-sandbox"));
    let mut only = pdf.page(page);
    only.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT))
        .parent(pages)
        .contents(content);
    only.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
    only.finish();
    for (font, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold")] {
        pdf.type1_font(font)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.stream(content, &drawing(label));
    pdf.finish()
}

fn drawing(label: &Label) -> Vec<u8> {
    let mut sheet = Sheet {
        content: Content::new(),
    };
    let rate = &label.rate;
    let shipment = &rate.shipment;
    let inner = WIDTH - 2.0 * MARGIN;

    sheet.content.set_line_width(1.5);
    sheet.content.rect(6.0, 6.0, WIDTH - 12.0, HEIGHT - 12.0).stroke();

    sheet.text(BOLD, 26.0, MARGIN, 394.0, 150.0, carrier_mark(rate.carrier.code));
    let ounces = format!("{} OZ", shipment.described.package.ounces.round_dp(1).normalize());
    sheet.text_to(REGULAR, 9.0, WIDTH - MARGIN, 408.0, 120.0, &ounces);
    sheet.text_to(
        REGULAR,
        9.0,
        WIDTH - MARGIN,
        396.0,
        120.0,
        &format!("ZONE {}", rate.zone),
    );
    sheet.line(386.0, 1.5);

    sheet.text(
        BOLD,
        15.0,
        MARGIN,
        368.0,
        inner,
        &rate.service.name.to_uppercase(),
    );
    sheet.line(360.0, 1.5);

    sheet.text(REGULAR, 6.5, MARGIN, 350.0, inner, "FROM");
    sheet.address(&shipment.described.from, 8.5, MARGIN, 340.0, 180.0);
    sheet.text_to(
        REGULAR,
        7.5,
        WIDTH - MARGIN,
        340.0,
        76.0,
        &format!("SHIP {}", shipment.ship_date),
    );

    sheet.text(BOLD, 9.0, MARGIN, 280.0, inner, "SHIP TO:");
    sheet.address(&shipment.described.to, 13.0, MARGIN + 22.0, 262.0, inner - 22.0);
    sheet.line(192.0, 3.0);

    sheet.text(BOLD, 9.0, MARGIN, 178.0, inner, "TRACKING NUMBER");
    sheet.barcode(&label.tracking_number, 172.0, 82.0);
    sheet.centered(BOLD, 11.0, 76.0, &in_groups(&label.tracking_number));
    sheet.line(66.0, 3.0);

    let void = matches!(label.status, Status::Voided(_));
    let banner = if void { "VOID" } else { "SANDBOX - NOT FOR POSTAGE" };
    sheet.content.rect(MARGIN, 34.0, inner, 26.0).fill_nonzero();
    sheet.content.set_fill_gray(1.0);
    sheet.centered(BOLD, 15.0, 42.0, banner);
    sheet.content.set_fill_gray(0.0);
    let note = match &shipment.described.external_id {
        Some(external) => format!("{}   REF {external}", label.id),
        None => label.id.clone(),
    };
    sheet.text(REGULAR, 7.0, MARGIN, 20.0, inner, &note);
    sheet.content.finish().into_vec()
}

/// The sheet, measured in points from its lower left corner.
struct Sheet {
    content: Content,
}

impl Sheet {
    /// Text from `x` on. It shrinks, and in the end is cut, to fit into `room`.
    fn text(&mut self, font: Name<'static>, size: f32, x: f32, y: f32, room: f32, text: &str) {
        self.encoded(font, size, x, y, room, latin::encode(text));
    }

    fn encoded(&mut self, font: Name<'static>, size: f32, x: f32, y: f32, room: f32, encoded: Vec<u8>) {
        let (text, size) = fitted(font, size, room, encoded);
        self.show(font, size, x, y, &text);
    }

    /// Text that ends at `right`.
    fn text_to(&mut self, font: Name<'static>, size: f32, right: f32, y: f32, room: f32, text: &str) {
        let (text, size) = fitted(font, size, room, latin::encode(text));
        let x = right - latin::width(&text, size, font == BOLD);
        self.show(font, size, x, y, &text);
    }

    fn centered(&mut self, font: Name<'static>, size: f32, y: f32, text: &str) {
        let (text, size) = fitted(font, size, WIDTH - 2.0 * MARGIN, latin::encode(text));
        let x = (WIDTH - latin::width(&text, size, font == BOLD)) / 2.0;
        self.show(font, size, x, y, &text);
    }

    fn show(&mut self, font: Name<'static>, size: f32, x: f32, y: f32, encoded: &[u8]) {
        self.content
            .begin_text()
            .set_font(font, size)
            .next_line(x, y)
            .show(Str(encoded))
            .end_text();
    }

    fn line(&mut self, y: f32, thickness: f32) {
        self.content
            .set_line_width(thickness)
            .move_to(6.0, y)
            .line_to(WIDTH - 6.0, y)
            .stroke();
    }

    fn address(&mut self, address: &Address, size: f32, x: f32, top: f32, room: f32) {
        let place = format!(
            "{} {} {}",
            address.city_locality, address.state_province, address.postal_code
        );
        let lines = [
            Some(address.addressee()),
            Some(address.line1.as_str()),
            address.line2.as_deref(),
            Some(place.as_str()),
            address.phone.as_deref(),
        ];
        let mut y = top;
        for (index, line) in lines.into_iter().flatten().enumerate() {
            let font = if index == 0 { BOLD } else { REGULAR };
            let line = latin::capitals(latin::encode(line));
            self.encoded(font, size, x, y, room, line);
            y -= size * 1.2;
        }
    }

    /// The code of `text` across the sheet, with the quiet zones that scanners want.
    fn barcode(&mut self, text: &str, top: f32, height: f32) {
        const QUIET_MODULES: f32 = 20.0;
        let widths = code128::widths(text);
        let modules: f32 = widths.iter().map(|width| f32::from(*width)).sum();
        let module = ((WIDTH - 16.0) / (modules + QUIET_MODULES)).min(1.6);
        let mut x = (WIDTH - modules * module) / 2.0;
        for (index, width) in widths.iter().enumerate() {
            let width = f32::from(*width) * module;
            if index.is_multiple_of(2) {
                self.content.rect(x, top - height, width, height);
            }
            x += width;
        }
        self.content.fill_nonzero();
    }
}

/// The text, cut if need be, and the size at which it fits.
fn fitted(font: Name<'static>, size: f32, room: f32, mut encoded: Vec<u8>) -> (Vec<u8>, f32) {
    let bold = font == BOLD;
    let wide = latin::width(&encoded, size, bold);
    if wide <= room {
        return (encoded, size);
    }
    let size = (size * room / wide).max(SMALLEST);
    while latin::width(&encoded, size, bold) > room && encoded.pop().is_some() {}
    (encoded, size)
}

fn carrier_mark(code: &str) -> &'static str {
    match code {
        "ups" => "UPS",
        "fedex" => "FedEx",
        _ => "USPS",
    }
}

/// A tracking number in groups of four, as it is printed.
fn in_groups(number: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}
