mod create_table;
mod split;
mod split_mariadb;
mod split_mysql;
mod statement_kind;
