//! Tables as SHOW CREATE TABLE of MySQL 9.7 prints them, and what is taken out.
//!
//! Each was tried on that server: after CREATE, rows, keys and foreign keys, SHOW CREATE TABLE printed the same text.
//! A line with `-` before it is one that CREATE TABLE loses.

use super::split::assert_marked;

#[test]
fn groups() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `n` int DEFAULT NULL,
  `u1` int DEFAULT NULL,
  `u2` int NOT NULL,
  `a` text,
  `b` text,
  `g` geometry NOT NULL /*!80003 SRID 0 */,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `uu2` (`u2`),
-  UNIQUE KEY `uu4` (`u2`,`id`),
-  UNIQUE KEY `uu1` (`u1`),
-  UNIQUE KEY `uu3` (`n`),
-  UNIQUE KEY `up` (`a`(10)),
-  UNIQUE KEY `upnn` (`u2`,`a`(10)),
-  KEY `k1` (`n`),
-  KEY `k2` (`u1`),
-  SPATIAL KEY `sp` (`g`),
-  KEY `k3` (`u2`),
-  FULLTEXT KEY `ft` (`a`),
-  FULLTEXT KEY `ft2` (`b`),
-  FULLTEXT KEY `ft0` (`b`,`a`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[
            r#"ALTER TABLE `t` ADD UNIQUE KEY `uu2` (`u2`), ADD UNIQUE KEY `uu4` (`u2`,`id`), ADD UNIQUE KEY `uu1` (`u1`), ADD UNIQUE KEY `uu3` (`n`), ADD UNIQUE KEY `up` (`a`(10)), ADD UNIQUE KEY `upnn` (`u2`,`a`(10)), ADD KEY `k1` (`n`), ADD KEY `k2` (`u1`), ADD SPATIAL KEY `sp` (`g`), ADD KEY `k3` (`u2`), ADD FULLTEXT KEY `ft` (`a`)"#,
            r#"ALTER TABLE `t` ADD FULLTEXT KEY `ft2` (`b`)"#,
            r#"ALTER TABLE `t` ADD FULLTEXT KEY `ft0` (`b`,`a`)"#,
        ],
    );
}

#[test]
fn ai_pk() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `n` int DEFAULT NULL,
  PRIMARY KEY (`id`),
-  KEY `kn` (`n`),
-  KEY `kid` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=1003 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `kn` (`n`), ADD KEY `kid` (`id`)"#],
    );
}

#[test]
fn ai_unique() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `a` int NOT NULL AUTO_INCREMENT,
  `b` int DEFAULT NULL,
  `c` int NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u0` (`c`),
  UNIQUE KEY `ua` (`a`),
-  UNIQUE KEY `ub` (`b`),
-  UNIQUE KEY `uz` (`b`,`c`),
-  KEY `kb` (`b`)
) ENGINE=InnoDB AUTO_INCREMENT=79 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `ub` (`b`), ADD UNIQUE KEY `uz` (`b`,`c`), ADD KEY `kb` (`b`)"#],
    );
}

#[test]
fn no_pk() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `b` int DEFAULT NULL,
  UNIQUE KEY `uid` (`id`),
  UNIQUE KEY `ub` (`b`),
-  KEY `kb` (`b`),
-  KEY `k2` (`b`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `kb` (`b`), ADD KEY `k2` (`b`,`id`)"#],
    );
}

#[test]
fn no_pk_ai() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL AUTO_INCREMENT,
  `b` int DEFAULT NULL,
  UNIQUE KEY `uid` (`id`),
  UNIQUE KEY `ub` (`b`),
-  KEY `kb` (`b`),
-  KEY `k2` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=10 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `kb` (`b`), ADD KEY `k2` (`id`)"#],
    );
}

#[test]
fn comment_trick() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL COMMENT 'x`,\n  KEY `x` (`id`),\n) ENGINE=MyISAM',
  `b` int DEFAULT '1' COMMENT 'it''s; \\',
  PRIMARY KEY (`id`),
-  KEY `k` (`b`) COMMENT 'a, KEY `z` (`b`)\n) /* -- # ''',
-  KEY `k2` (`b`,`id`) COMMENT '"'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='VIEW (a, KEY (b))'"#,
        &[
            r#"ALTER TABLE `t` ADD KEY `k` (`b`) COMMENT 'a, KEY `z` (`b`)\n) /* -- # ''', ADD KEY `k2` (`b`,`id`) COMMENT '"'"#,
        ],
    );
}

#[test]
fn defaults() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `e` enum('a','b)','c,d','e''f','(','KEY') DEFAULT 'e''f',
  `s` set('x)','y(') DEFAULT 'x)',
  `d` varchar(50) DEFAULT (concat(_utf8mb4'a)',_utf8mb4'b,(',_utf8mb4'c\'')),
  `g` int GENERATED ALWAYS AS ((`id` + (2 * length(_utf8mb4'),(')))) STORED,
  `v` varchar(10) GENERATED ALWAYS AS (concat(`e`,_utf8mb4',)')) VIRTUAL,
  `c` int DEFAULT NULL,
  PRIMARY KEY (`id`),
-  KEY `kg` (`g`),
-  KEY `ke` (`e`,`s`),
-  KEY `kc` (`c`),
-  KEY `kv` (`v`),
  CONSTRAINT `ck` CHECK (((`e` <> _utf8mb4'a),(') or (`id` > (1 + 2)))),
  CONSTRAINT `t_chk_1` CHECK (((`c` > 0) and ((`c` < 5) or (`c` in (7,8)))))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `kg` (`g`), ADD KEY `ke` (`e`,`s`), ADD KEY `kc` (`c`), ADD KEY `kv` (`v`)"#],
    );
}

#[test]
fn prefix_desc() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `a` varchar(100) DEFAULT NULL,
  `b` text,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `u` (`a` DESC),
-  KEY `ka` (`a`(10) DESC,`id`),
-  KEY `kb` (`b`(20)),
-  KEY `kd` (`id` DESC,`a`) USING BTREE COMMENT 'x'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci ROW_FORMAT=DYNAMIC"#,
        &[
            r#"ALTER TABLE `t` ADD UNIQUE KEY `u` (`a` DESC), ADD KEY `ka` (`a`(10) DESC,`id`), ADD KEY `kb` (`b`(20)), ADD KEY `kd` (`id` DESC,`a`) USING BTREE COMMENT 'x'"#,
        ],
    );
}

#[test]
fn invisible_gipk() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `my_row_id` bigint unsigned NOT NULL AUTO_INCREMENT /*!80023 INVISIBLE */,
  `id` int DEFAULT NULL,
  `a` int DEFAULT NULL /*!80023 INVISIBLE */,
  PRIMARY KEY (`my_row_id`),
-  UNIQUE KEY `u` (`id`),
-  KEY `ka` (`a`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `u` (`id`), ADD KEY `ka` (`a`)"#],
    );
}

#[test]
fn checks_ne() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `a` int DEFAULT NULL,
  PRIMARY KEY (`id`),
-  KEY `ka` (`a`),
  CONSTRAINT `c1` CHECK ((`a` > 1)) /*!80016 NOT ENFORCED */,
  CONSTRAINT `t_chk_1` CHECK ((`a` < 10))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `ka` (`a`)"#],
    );
}

#[test]
fn partition_hash() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL AUTO_INCREMENT,
  `a` int DEFAULT NULL,
  `b` int DEFAULT NULL,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `ub` (`b`,`id`),
-  KEY `ka` (`a`),
-  KEY `kb` (`b`)
) ENGINE=InnoDB AUTO_INCREMENT=10 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 3 */"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `ub` (`b`,`id`), ADD KEY `ka` (`a`), ADD KEY `kb` (`b`)"#],
    );
}

#[test]
fn partition_sub() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `d` date NOT NULL,
  `a` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`id`,`d`),
-  UNIQUE KEY `ud` (`d`,`id`,`a`),
-  KEY `ka` (`a`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
/*!50100 PARTITION BY RANGE (year(`d`))
SUBPARTITION BY HASH (to_days(`d`))
SUBPARTITIONS 2
(PARTITION p0 VALUES LESS THAN (2000) COMMENT = 'a) ENGINE=x, KEY (b)' ENGINE = InnoDB,
 PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `ud` (`d`,`id`,`a`), ADD KEY `ka` (`a`)"#],
    );
}

#[test]
fn fk() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `zz` int DEFAULT NULL,
  `aa` int DEFAULT NULL,
  `up` int DEFAULT NULL,
  `yy` int DEFAULT NULL,
  `xx` int DEFAULT NULL,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `uz` (`zz`,`aa`),
-  KEY `afk` (`aa`),
-  KEY `a` (`yy`,`xx`),
-  KEY `sfk` (`up`),
-  KEY `other` (`xx`),
-  CONSTRAINT `a` FOREIGN KEY (`yy`, `xx`) REFERENCES `par` (`y`, `x`),
-  CONSTRAINT `afk` FOREIGN KEY (`aa`) REFERENCES `par` (`x`),
-  CONSTRAINT `sfk` FOREIGN KEY (`up`) REFERENCES `t` (`id`),
-  CONSTRAINT `zfk` FOREIGN KEY (`zz`) REFERENCES `par` (`id`) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT `c` CHECK ((`id` > 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[
            r#"ALTER TABLE `t` ADD UNIQUE KEY `uz` (`zz`,`aa`), ADD KEY `afk` (`aa`), ADD KEY `a` (`yy`,`xx`), ADD KEY `sfk` (`up`), ADD KEY `other` (`xx`)"#,
            r#"ALTER TABLE `t` ADD CONSTRAINT `a` FOREIGN KEY (`yy`, `xx`) REFERENCES `par` (`y`, `x`), ADD CONSTRAINT `afk` FOREIGN KEY (`aa`) REFERENCES `par` (`x`), ADD CONSTRAINT `sfk` FOREIGN KEY (`up`) REFERENCES `t` (`id`), ADD CONSTRAINT `zfk` FOREIGN KEY (`zz`) REFERENCES `par` (`id`) ON DELETE SET NULL ON UPDATE CASCADE"#,
        ],
    );
}

#[test]
fn fk_self_unique() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `code` varchar(10) NOT NULL,
  `up` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `uc` (`code`),
-  KEY `k0` (`id`,`up`),
-  KEY `kup` (`up`),
-  CONSTRAINT `sfk` FOREIGN KEY (`up`) REFERENCES `t` (`code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[
            r#"ALTER TABLE `t` ADD UNIQUE KEY `uc` (`code`), ADD KEY `k0` (`id`,`up`), ADD KEY `kup` (`up`)"#,
            r#"ALTER TABLE `t` ADD CONSTRAINT `sfk` FOREIGN KEY (`up`) REFERENCES `t` (`code`)"#,
        ],
    );
}

#[test]
fn spatial_srid() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `p` point NOT NULL /*!80003 SRID 4326 */,
  `a` int DEFAULT NULL,
  PRIMARY KEY (`id`),
-  KEY `ka` (`a`),
-  SPATIAL KEY `sp` (`p`),
-  KEY `kb` (`a`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `ka` (`a`), ADD SPATIAL KEY `sp` (`p`), ADD KEY `kb` (`a`,`id`)"#],
    );
}

#[test]
fn collations() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `a` varchar(10) CHARACTER SET gbk COLLATE gbk_bin DEFAULT NULL,
  `b` varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'é，)',
  PRIMARY KEY (`id`),
-  KEY `ka` (`a`),
-  KEY `kb` (`b`) COMMENT 'é?, KEY'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='表，KEY'"#,
        &[r#"ALTER TABLE `t` ADD KEY `ka` (`a`), ADD KEY `kb` (`b`) COMMENT 'é?, KEY'"#],
    );
}

#[test]
fn ft_doc_id() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int NOT NULL,
  `FTS_DOC_ID` bigint unsigned NOT NULL AUTO_INCREMENT,
  `a` text,
  PRIMARY KEY (`id`),
  UNIQUE KEY `FTS_DOC_ID_INDEX` (`FTS_DOC_ID`),
-  FULLTEXT KEY `fa` (`a`),
-  FULLTEXT KEY `fb` (`a`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"#,
        &[r#"ALTER TABLE `t` ADD FULLTEXT KEY `fa` (`a`)"#, r#"ALTER TABLE `t` ADD FULLTEXT KEY `fb` (`a`)"#],
    );
}
