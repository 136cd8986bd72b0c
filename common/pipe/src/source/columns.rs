//! What the user says about columns: `--column mac_address=MAC-Adresse`.

use std::str::FromStr;

use super::delimited::column_name;

/// A column that is to be read under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName {
    /// Its name for us: `mac_address`.
    pub field: String,
    /// Its name in the input; capitals, blanks and dashes do not matter.
    pub column: String,
}

impl FromStr for ColumnName {
    type Err = String;

    fn from_str(text: &str) -> Result<ColumnName, String> {
        let (field, column) = text.split_once('=').unwrap_or_default();
        let name = ColumnName { field: column_name(field), column: column_name(column) };
        if name.field.is_empty() || name.column.is_empty() {
            return Err("it should be like mac_address=MAC-Adresse".to_owned());
        }
        Ok(name)
    }
}

/// The names under which columns are read. One that has the name which another is given becomes
/// `id_2`, so that nothing is lost.
pub(super) fn renamed(mut names: Vec<String>, columns: &[ColumnName]) -> Vec<String> {
    for ColumnName { field, column } in columns.iter().filter(|name| name.field != name.column) {
        let Some(place) = names.iter().position(|name| column_name(name) == *column) else {
            continue;
        };
        if let Some(other) = names.iter().position(|name| name == field) {
            let free = (2..).map(|number| format!("{field}_{number}"));
            names[other] = free.into_iter().find(|name| !names.contains(name)).unwrap_or_default();
        }
        names[place].clone_from(field);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_gets_the_name_that_it_is_given_and_none_is_lost() {
        let columns: Vec<ColumnName> =
            ["id=MAC Adresse", "dg=none"].map(|text| text.parse().unwrap()).into();
        let names = ["id", "id_2", "MAC-adresse"].map(str::to_owned).to_vec();
        assert_eq!(renamed(names, &columns), ["id_3", "id_2", "id"]);
        for wrong in ["id", "=x", "id=", ""] {
            assert!(wrong.parse::<ColumnName>().is_err(), "{wrong}");
        }
    }
}
