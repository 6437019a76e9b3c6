//! The one way to stdout: lines, tables and the server's JSON as it is. A closed pipe (`| head`) is a
//! quiet end, not a panic.

use std::io::{self, IsTerminal as _, Write};

use super::failure::Failure;

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines and tables.
    Human,
    /// The server's JSON as it is.
    Json,
}

/// How a piece of text looks on a terminal.
#[derive(Debug, Clone, Copy)]
pub enum Paint {
    /// Headings.
    Bold,
    /// What is on, what holds.
    Green,
    /// What is off, what is wrong.
    Red,
    /// What matters less.
    Dim,
}

/// Where a command's answer goes.
pub struct Output {
    sink: Box<dyn Write>,
    form: Form,
    colour: bool,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Output")
            .field("form", &self.form)
            .field("colour", &self.colour)
            .finish_non_exhaustive()
    }
}

impl Output {
    /// To stdout; colour only on a terminal and not with `NO_COLOR`.
    pub fn stdout(form: Form) -> Output {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = !refused && io::stdout().is_terminal();
        Output { sink: Box::new(io::BufWriter::new(io::stdout())), form, colour }
    }

    /// To a buffer of a test.
    #[cfg(test)]
    pub fn to(sink: Box<dyn Write>, form: Form) -> Output {
        Output { sink, form, colour: false }
    }

    /// True when the server's JSON is wanted.
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// One line.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.sink, "{text}")?)
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.sink.write_all(bytes)?)
    }

    /// A table: a bold heading, columns aligned, two spaces between.
    pub fn table(&mut self, heading: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let heading: Vec<String> = heading.iter().map(|name| (*name).to_owned()).collect();
        let widths = widths(&heading, rows);
        let top = self.paint(Paint::Bold, &aligned(&heading, &widths));
        self.line(&top)?;
        rows.iter().try_for_each(|row| self.line(&aligned(row, &widths)))
    }

    /// Text in a colour, where there is colour.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => "1",
            Paint::Green => "32",
            Paint::Red => "31",
            Paint::Dim => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Writes what is buffered; a command is done only then.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.sink.flush()?)
    }
}

fn widths(heading: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let column = |index: usize| {
        let cells = std::iter::once(heading).chain(rows.iter().map(Vec::as_slice));
        cells.filter_map(|row| row.get(index)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    (0..heading.len()).map(column).collect()
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| {
        let missing = width.saturating_sub(cell.chars().count());
        format!("{cell}{}", " ".repeat(missing))
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A text from the server on one line of a terminal: control characters are escaped, since a name or a
/// reason that somebody else wrote must not steer the reader's terminal.
pub fn plain(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().collect() } else { String::from(c) };
    text.chars().map(escape).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    //! An output that a test can read.

    use std::sync::{Arc, Mutex};

    use super::*;

    /// Reads back what was written.
    #[derive(Clone, Default)]
    pub struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Captured {
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    pub fn capture() -> (Output, Captured) {
        let captured = Captured::default();
        (Output::to(Box::new(captured.clone()), Form::Human), captured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_characters_and_lines_have_no_tail() {
        let (mut out, captured) = testing::capture();
        let rows = [vec!["é".to_owned(), "x".to_owned()], vec!["long".to_owned(), String::new()]];
        out.table(&["A", "B"], &rows).unwrap();
        assert_eq!(captured.text(), "A     B\né     x\nlong\n");
    }

    #[test]
    fn a_closed_pipe_is_told_apart_from_a_full_disk() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(self.0.into())
            }
        }
        let error = |kind| Output::to(Box::new(Broken(kind)), Form::Human).line("x").unwrap_err();
        assert!(matches!(error(io::ErrorKind::BrokenPipe), Failure::ClosedPipe));
        assert!(matches!(error(io::ErrorKind::StorageFull), Failure::Output(_)));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(plain("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\nc");
    }
}
