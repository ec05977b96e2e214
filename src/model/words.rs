//! Enums whose variants have one word each.

/// Gives an enum the word of each variant, all variants in order, and `Display`. The words are those that serde writes, or what
/// people read.
macro_rules! words {
    ($type:ident::$method:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// Each of them, in order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word for it.
            pub const fn $method(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.$method())
            }
        }
    };
}

pub(crate) use words;
