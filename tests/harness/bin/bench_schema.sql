-- The benchmark's database, still empty.
CREATE DATABASE bench CHARACTER SET utf8mb4;

-- Numbers from 0, and a text to cut pieces from. Neither is dumped.
CREATE DATABASE bench_source CHARACTER SET utf8mb4;
USE bench_source;
CREATE TABLE digit (d INT PRIMARY KEY);
INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
CREATE TABLE number (n INT PRIMARY KEY);
INSERT INTO number
SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
FROM digit a, digit b, digit c, digit e, digit f ORDER BY n;

USE bench;

-- Like lineitem of TPC-H: numbers, dates, short texts, a composite key of integers.
CREATE TABLE lineitem (
  l_orderkey INT NOT NULL,
  l_linenumber INT NOT NULL,
  l_partkey INT NOT NULL,
  l_suppkey INT NOT NULL,
  l_quantity DECIMAL(15,2) NOT NULL,
  l_extendedprice DECIMAL(15,2) NOT NULL,
  l_discount DECIMAL(15,2) NOT NULL,
  l_tax DECIMAL(15,2) NOT NULL,
  l_returnflag CHAR(1) NOT NULL,
  l_linestatus CHAR(1) NOT NULL,
  l_shipdate DATE NOT NULL,
  l_commitdate DATE NOT NULL,
  l_receiptdate DATETIME,
  l_shipinstruct CHAR(25) NOT NULL,
  l_shipmode CHAR(10) NOT NULL,
  l_comment VARCHAR(44) NOT NULL,
  PRIMARY KEY (l_orderkey, l_linenumber),
  KEY l_part_supplier (l_partkey, l_suppkey),
  KEY l_shipdate (l_shipdate)
) ENGINE=InnoDB;

-- Long texts and bytes.
CREATE TABLE document (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(200) NOT NULL,
  body TEXT NOT NULL,
  checksum VARBINARY(32),
  attachment BLOB
) ENGINE=InnoDB;
