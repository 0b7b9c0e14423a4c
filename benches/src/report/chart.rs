//! The chart of the README.

use std::fmt::Write;

use super::markdown::grouped;
use crate::Results;

/// A group of bars with the same unit.
struct Panel {
    title: &'static str,
    bars: Vec<Bar>,
}

struct Bar {
    name: &'static str,
    value: f64,
    is_ours: bool,
}

const WIDTH: f64 = 860.0;
/// The start of the bars, and the length of the longest.
const LEFT: f64 = 270.0;
const LONGEST: f64 = 480.0;
const ROW: f64 = 28.0;
const HEAD: f64 = 44.0;

/// The results for a batch of 100 messages, as an SVG image for light and dark pages.
#[must_use]
pub fn chart(results: &Results) -> String {
    let panels = [instructions(results), invocations(results)];
    let height: f64 = panels.iter().map(Panel::height).sum::<f64>() + 54.0;

    let mut image = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"title desc\" font-family=\"system-ui, sans-serif\">\n\
         <title id=\"title\">What a batch of 100 S3 events costs</title>\n\
         <desc id=\"desc\">{}</desc>\n\
         <style>\n\
         text {{ fill: #57606a }} .strong {{ fill: #24292f; font-weight: 600 }}\n\
         .bar {{ fill: #8c959f }} .ours {{ fill: #2da44e }}\n\
         @media (prefers-color-scheme: dark) {{\n\
         text {{ fill: #9da7b1 }} .strong {{ fill: #e6edf3 }} .bar {{ fill: #6e7681 }} \
         .ours {{ fill: #3fb950 }}\n\
         }}\n\
         </style>\n\
         <text class=\"strong\" x=\"16\" y=\"30\" font-size=\"18\">\
         What a batch of 100 S3 events costs</text>\n",
        panels
            .iter()
            .map(Panel::description)
            .collect::<Vec<_>>()
            .join(" "),
    );

    let mut top = 44.0;

    for panel in &panels {
        panel.draw(&mut image, top);
        top += panel.height();
    }

    image + "</svg>\n"
}

fn instructions(results: &Results) -> Panel {
    let names = [
        ("value", "serde_json::Value"),
        ("careful", "by hand, aws_lambda_events"),
        ("lean-owned", "lean serde_json, owned"),
        ("lean-borrowed", "lean serde_json, borrowed"),
        ("sonic", "lean sonic-rs"),
        ("ours-100-routes", "s3-dispatch, 100 routes"),
        ("ours", "s3-dispatch"),
    ];

    let bars = names.into_iter().filter_map(|(subject, name)| {
        let value = results.number(
            "counts",
            subject,
            "documented",
            100,
            "instructions per record",
        )?;

        Some(Bar {
            name,
            value,
            is_ours: subject.starts_with("ours"),
        })
    });

    Panel {
        title: "Instructions per record, payload bytes to response bytes",
        bars: bars.collect(),
    }
}

fn invocations(results: &Results) -> Panel {
    let names = [
        ("powertools-python", "Powertools for Python"),
        ("powertools-node", "Powertools for TypeScript"),
        ("middy-node", "Middy"),
        ("careful", "by hand, aws_lambda_events"),
        ("ours", "s3-dispatch"),
        ("bare", "lambda_runtime alone"),
    ];

    let bars = names.into_iter().filter_map(|(subject, name)| {
        let value = results.number(
            "peers",
            subject,
            "documented",
            100,
            "us of CPU per invocation",
        )?;

        Some(Bar {
            name,
            value,
            is_ours: subject == "ours",
        })
    });

    Panel {
        title: "CPU time per invocation through Lambda's protocol on loopback, microseconds",
        bars: bars.collect(),
    }
}

impl Panel {
    fn height(&self) -> f64 {
        HEAD + ROW * self.bars.len() as f64
    }

    fn description(&self) -> String {
        let bars = self
            .bars
            .iter()
            .map(|bar| format!("{} {}", bar.name, bar.label()));
        format!("{}: {}.", self.title, bars.collect::<Vec<_>>().join(", "))
    }

    fn draw(&self, image: &mut String, top: f64) {
        let longest = self.bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
        let mut line =
            |text: String| writeln!(image, "{text}").expect("writing to a string cannot fail");

        line(format!(
            "<text x=\"16\" y=\"{}\" font-size=\"14\">{}</text>",
            top + 26.0,
            self.title
        ));

        for (index, bar) in self.bars.iter().enumerate() {
            let y = top + HEAD + ROW * index as f64;
            let (width, middle) = (bar.value / longest * LONGEST, y + 14.0);

            let (fill, text) = if bar.is_ours {
                ("ours", "strong")
            } else {
                ("bar", "plain")
            };

            let end = LEFT - 10.0;
            line(format!(
                "<text class=\"{text}\" x=\"{end}\" y=\"{middle}\" font-size=\"13\" \
                 text-anchor=\"end\">{}</text>",
                bar.name
            ));
            line(format!(
                "<rect class=\"{fill}\" x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"19\" \
                 rx=\"2\"/>"
            ));
            let after = LEFT + width + 8.0;
            line(format!(
                "<text class=\"{text}\" x=\"{after:.1}\" y=\"{middle}\" font-size=\"13\">{}</text>",
                bar.label()
            ));
        }
    }
}

impl Bar {
    fn label(&self) -> String {
        grouped(&format!("{:.0}", self.value))
    }
}
