-- Rows @first to @end (exclusive, at most 100000) of both large tables; @documents of 100 lineitem rows bring a
-- document. The values come from checksums of the row's number: irregular, and the same each time.
SET sql_log_bin = 0;
SET @words = 'carefully final deposits detect slyly agai; it''s quickly above the "ironic" packages. furiously regular requests haggle blithely against the bold accounts, unusual foxes sleep - pending theodolites wake express dolphins around the silent pinto beans; even instructions nag fluffily among the daring asymptotes? thinly special courts boost according to the busy excuses, never idle dugouts cajole';

INSERT INTO lineitem
SELECT
  n DIV 4 + 1, n % 4 + 1, a % 200000 + 1, b % 10000 + 1,
  a % 50 + 1, (a % 9000000 + 90000) / 100, b % 11 / 100, a % 9 / 100,
  ELT(b % 3 + 1, 'A', 'N', 'R'), ELT(a % 2 + 1, 'F', 'O'),
  DATE '1992-01-02' + INTERVAL c % 2500 DAY, DATE '1992-01-31' + INTERVAL c % 2400 DAY,
  IF(c % 50 = 0, NULL, TIMESTAMP '1992-01-03 00:00:00' + INTERVAL c % 216000000 SECOND),
  ELT(a % 4 + 1, 'DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'),
  ELT(b % 7 + 1, 'REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'),
  SUBSTRING(@words, c % 330 + 1, a % 34 + 10)
FROM (
  SELECT n, CRC32(n) AS a, CRC32(CONCAT('b', n)) AS b, CRC32(CONCAT('c', n)) AS c
  FROM (SELECT @first + n AS n FROM bench_source.number WHERE n < @end - @first) AS numbers
) AS hashed
ORDER BY n;

INSERT INTO document (title, body, checksum, attachment)
SELECT
  CONCAT('Document ', n, ': ', SUBSTRING(@words, n % 300 + 1, 40)),
  CONCAT(SUBSTRING(@words, n % 300 + 1), '\n', REPEAT(SUBSTRING(@words, n % 37 + 1, n % 311 + 1), n % 5 + 1)),
  UNHEX(SHA2(n, 256)),
  IF(n % 10 = 0, NULL, UNHEX(CONCAT(SHA2(CONCAT('a', n), 512), SHA2(CONCAT('b', n), 512), SHA2(CONCAT('c', n), 512))))
FROM (SELECT @first + n AS n FROM bench_source.number WHERE n < @end - @first AND n % 100 < @documents) AS numbers
ORDER BY n;
COMMIT;
