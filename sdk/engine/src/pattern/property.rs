//! The properties that `\p{…}` knows: RE2's names of general categories and of the scripts of Unicode 13, the oldest
//! Unicode among the languages.
//!
//! Must not match names loosely: RE2 does not, and a port that did would accept what another refuses.

use super::class::NOTHING;

/// A property, written for the inside of brackets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Property(&'static str);

impl Property {
    /// The property of this exact name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            // RE2's C does not hold the unassigned, which change with each Unicode.
            "C" => return Some(Self(r"\p{Cc}\p{Cf}\p{Co}")),
            // Text that is valid Unicode holds no surrogate.
            "Cs" => return Some(Self(NOTHING)),
            _ => {}
        }
        let find = |table: &'static [(&str, &str)]| {
            table.binary_search_by(|entry| entry.0.cmp(name)).ok().and_then(|at| table.get(at))
        };
        find(CATEGORIES).or_else(|| find(SCRIPTS)).map(|entry| Self(entry.1))
    }

    /// The property for the inside of brackets.
    pub(super) fn inside(self) -> &'static str {
        self.0
    }
}

macro_rules! properties {
    ($($name:literal,)*) => { &[$(($name, concat!("\\p{", $name, "}")),)*] };
}

/// Sorted.
const CATEGORIES: &[(&str, &str)] = properties![
    "Cc", "Cf", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P",
    "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// Sorted.
const SCRIPTS: &[(&str, &str)] = properties![
    "Adlam",
    "Ahom",
    "Anatolian_Hieroglyphs",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Bassa_Vah",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Canadian_Aboriginal",
    "Carian",
    "Caucasian_Albanian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dives_Akuru",
    "Dogra",
    "Duployan",
    "Egyptian_Hieroglyphs",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gunjala_Gondi",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanifi_Rohingya",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Imperial_Aramaic",
    "Inherited",
    "Inscriptional_Pahlavi",
    "Inscriptional_Parthian",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kayah_Li",
    "Kharoshthi",
    "Khitan_Small_Script",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Linear_A",
    "Linear_B",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Masaram_Gondi",
    "Medefaidrin",
    "Meetei_Mayek",
    "Mende_Kikakui",
    "Meroitic_Cursive",
    "Meroitic_Hieroglyphs",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nandinagari",
    "New_Tai_Lue",
    "Newa",
    "Nko",
    "Nushu",
    "Nyiakeng_Puachue_Hmong",
    "Ogham",
    "Ol_Chiki",
    "Old_Hungarian",
    "Old_Italic",
    "Old_North_Arabian",
    "Old_Permic",
    "Old_Persian",
    "Old_Sogdian",
    "Old_South_Arabian",
    "Old_Turkic",
    "Oriya",
    "Osage",
    "Osmanya",
    "Pahawh_Hmong",
    "Palmyrene",
    "Pau_Cin_Hau",
    "Phags_Pa",
    "Phoenician",
    "Psalter_Pahlavi",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "SignWriting",
    "Sinhala",
    "Sogdian",
    "Sora_Sompeng",
    "Soyombo",
    "Sundanese",
    "Syloti_Nagri",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Tai_Le",
    "Tai_Tham",
    "Tai_Viet",
    "Takri",
    "Tamil",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Ugaritic",
    "Vai",
    "Wancho",
    "Warang_Citi",
    "Yezidi",
    "Yi",
    "Zanabazar_Square",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_found_and_compiles() {
        for table in [CATEGORIES, SCRIPTS] {
            assert!(table.is_sorted());
            for (name, inside) in table {
                assert!(Property::named(name).is_some(), "{name}");
                assert!(regex_syntax::parse(inside).is_ok(), "{name}");
            }
        }
        for unknown in ["", "Cn", "LC", "Any", "greek", "Lowercase_Letter", "^Greek", "Script=Greek", "Grek"]
        {
            assert!(Property::named(unknown).is_none(), "{unknown}");
        }
    }
}
