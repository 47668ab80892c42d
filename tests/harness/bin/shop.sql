-- The demo's bookshop: related tables with some 200,000 rows, views, triggers, routines, an event, a sequence.
-- Rows come from MariaDB's sequence tables (seq_1_to_N) and from CRC32 of their numbers: the same in every run.
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
USE shop;

CREATE TABLE authors (
  author_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL COMMENT 'as on the cover: Łukasz, 美咲, …',
  born DATE NULL,
  biography TEXT NULL,
  KEY by_name (name)
) ENGINE=InnoDB;

CREATE TABLE books (
  book_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  author_id INT UNSIGNED NOT NULL,
  title VARCHAR(200) NOT NULL,
  isbn CHAR(13) CHARACTER SET ascii NOT NULL UNIQUE,
  format ENUM('hardcover', 'paperback', 'e-book') NOT NULL,
  tags SET('new', 'classic', 'children''s', 'signed') NOT NULL DEFAULT '',
  price DECIMAL(8,2) NOT NULL,
  gross DECIMAL(8,2) AS (ROUND(price * 1.07, 2)) STORED,
  weight FLOAT NULL,
  stock INT NOT NULL DEFAULT 0,
  cover BLOB NULL,
  details JSON NULL,
  FULLTEXT KEY words (title),
  CONSTRAINT written_by FOREIGN KEY (author_id) REFERENCES authors (author_id)
) ENGINE=InnoDB;

CREATE TABLE customers (
  customer_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(120) CHARACTER SET latin1 NOT NULL UNIQUE,
  recruited_by INT UNSIGNED NULL,
  joined TIMESTAMP NOT NULL DEFAULT current_timestamp(),
  CONSTRAINT recruiter FOREIGN KEY (recruited_by) REFERENCES customers (customer_id)
) ENGINE=InnoDB;

CREATE TABLE orders (
  order_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  placed DATETIME(3) NOT NULL,
  note VARCHAR(200) NULL,
  CONSTRAINT placed_by FOREIGN KEY (customer_id) REFERENCES customers (customer_id)
) ENGINE=InnoDB;

CREATE TABLE order_lines (
  order_id BIGINT UNSIGNED NOT NULL,
  line TINYINT UNSIGNED NOT NULL,
  book_id INT UNSIGNED NOT NULL,
  quantity SMALLINT UNSIGNED NOT NULL DEFAULT 1 CHECK (quantity > 0),
  price DECIMAL(8,2) NOT NULL,
  PRIMARY KEY (order_id, line),
  CONSTRAINT part_of FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE,
  CONSTRAINT sells FOREIGN KEY (book_id) REFERENCES books (book_id)
) ENGINE=InnoDB;

-- No primary key: nothing to split it by.
CREATE TABLE visits (
  page VARCHAR(50) NOT NULL,
  seconds DOUBLE NULL
) ENGINE=InnoDB;

INSERT INTO authors
SELECT seq,
  CONCAT(ELT(1 + seq % 10, 'Zoë', 'Łukasz', 'Ana María', 'Jürgen', 'Søren', '美咲', 'Οδυσσέας', 'Дмитрий', 'أسماء', 'O''Hara'), ' ', seq),
  IF(seq % 9 = 0, NULL, '1900-01-01' + INTERVAL CRC32(seq) % 36000 DAY),
  IF(seq % 4 = 0, NULL, REPEAT(CONCAT('wrote \\ "', HEX(seq), '"\n\t'), seq % 20))
FROM seq_1_to_1000;

INSERT INTO books (book_id, author_id, title, isbn, format, tags, price, weight, stock, cover, details)
SELECT seq,
  1 + CRC32(CONCAT('author', seq)) % 1000,
  CONCAT(ELT(1 + seq % 6, 'Das schöne Buch', 'A Tale; of Two', 'Čas', '百年の孤独', 'Книга', 'Smile 😀'), ' ', seq),
  9780000000000 + seq,
  1 + seq % 3,
  seq % 16,
  (CRC32(CONCAT('price', seq)) % 9000 + 99) / 100,
  IF(seq % 7 = 0, NULL, CRC32(seq) / 7e9),
  CRC32(CONCAT('stock', seq)) % 100,
  IF(seq % 5 = 0, NULL, UNHEX(REPEAT(SHA1(seq), seq % 8))),
  JSON_OBJECT('pages', 50 + seq % 900, 'language', ELT(1 + seq % 3, 'de', 'en', '日本語'))
FROM seq_1_to_8000;

INSERT INTO customers
SELECT seq,
  CONCAT(ELT(1 + seq % 7, 'Chloé', 'Müller', 'Nguyễn', 'Ørsted', '山田', 'Иванова', 'Smith'), ' ', seq),
  CONCAT('reader', seq, '@example.org'),
  IF(seq % 3 = 0, NULLIF(FLOOR(seq / 10), 0), NULL),
  '2020-01-01 00:00:00' + INTERVAL CRC32(seq) % 100000000 SECOND
FROM seq_1_to_20000;

INSERT INTO orders
SELECT seq,
  1 + CRC32(CONCAT('customer', seq)) % 20000,
  '2023-01-01 00:00:00.000' + INTERVAL seq * 1234567 MICROSECOND,
  ELT(1 + seq % 40, 'gift 🎁', 'it''s for École №5', 'C:\\shelf', '')
FROM seq_1_to_60000;

INSERT INTO order_lines
SELECT FLOOR((seq + 1) / 2), 2 - seq % 2, 1 + CRC32(seq) % 8000, 1 + seq % 5, (CRC32(CONCAT('line', seq)) % 9000) / 100
FROM seq_1_to_120000;

INSERT INTO visits
SELECT CONCAT('/books/', CRC32(seq) % 50), IF(seq % 11 = 0, NULL, CRC32(seq) / 97)
FROM seq_1_to_5000;

CREATE SEQUENCE invoice_numbers START WITH 2024001 CACHE 20;
SELECT NEXTVAL(invoice_numbers);

DELIMITER //

CREATE FUNCTION order_total(wanted BIGINT UNSIGNED) RETURNS DECIMAL(12,2)
  READS SQL DATA
  COMMENT 'what an order costs: €'
BEGIN
  DECLARE total DECIMAL(12,2);
  SELECT SUM(quantity * price) INTO total FROM order_lines WHERE order_id = wanted;
  RETURN IFNULL(total, 0); -- an empty order; costs nothing
END//

CREATE PROCEDURE restock(IN least INT)
  MODIFIES SQL DATA
BEGIN
  /* Never ordered; or sold out. */
  UPDATE books SET stock = stock + least WHERE stock < least;
END//

CREATE TRIGGER line_price BEFORE INSERT ON order_lines FOR EACH ROW
BEGIN
  IF NEW.price = 0 THEN
    SET NEW.price = (SELECT price FROM books WHERE book_id = NEW.book_id);
  END IF;
END//

CREATE TRIGGER line_stock AFTER INSERT ON order_lines FOR EACH ROW
  UPDATE books SET stock = stock - NEW.quantity WHERE book_id = NEW.book_id//

CREATE TRIGGER line_returned AFTER DELETE ON order_lines FOR EACH ROW
  UPDATE books SET stock = stock + OLD.quantity WHERE book_id = OLD.book_id//

CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00'
  DO CALL restock(10)//

DELIMITER ;

CREATE VIEW book_sales AS
  SELECT b.book_id, b.title, a.name AS `written by`, SUM(l.quantity) AS sold, SUM(l.quantity * l.price) AS revenue
  FROM books b JOIN authors a USING (author_id) JOIN order_lines l USING (book_id)
  GROUP BY b.book_id, b.title, a.name;

-- Reads another view, whose name comes later.
CREATE VIEW best_sellers AS SELECT * FROM book_sales WHERE sold > 60;

CREATE VIEW order_totals AS SELECT order_id, customer_id, order_total(order_id) AS total FROM orders;
