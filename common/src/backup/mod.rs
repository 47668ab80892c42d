//! What a backup is: the names of its files, its metadata, its checksums, and the selection of its objects.

pub mod accounts_file;
pub mod extension;
pub mod file_name;
pub mod file_session;
pub mod load_data_clause;
pub mod metadata;
pub mod mydumper_checksum;
pub mod room;
pub mod row_hash;
pub mod selection;
pub mod stored_files;
pub mod table_columns;
pub mod table_names;
pub mod tables_list;
pub mod user_variables;
