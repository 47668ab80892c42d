//! The first line of a file of accounts says which product's they are: neither product takes those of the other.

use crate::server::Product;

const HEAD: &str = "-- Accounts and privileges of ";

/// The first line of a file of accounts of this product.
pub fn head(product: Product) -> String {
    format!("{HEAD}{}; password hashes are secret\n", product.name())
}

/// The product that [`head`] names before the first statement of a file of accounts.
pub fn product_of(first_statement: &[u8]) -> Option<Product> {
    let line = first_statement.strip_prefix(HEAD.as_bytes())?;
    [Product::MySql, Product::MariaDb].into_iter().find(|product| line.starts_with(product.name().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_names_the_product() {
        for product in [Product::MySql, Product::MariaDb] {
            let file = format!("{}/*!40101 SET NAMES utf8mb4*/", head(product));
            assert_eq!(product_of(file.as_bytes()), Some(product));
        }
        assert_eq!(product_of(b"/*!40101 SET NAMES utf8mb4*/"), None);
    }
}
