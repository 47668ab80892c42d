//! Tables as SHOW CREATE TABLE of MariaDB 10.11 prints them, and what is taken out.
//!
//! Each was tried on that server: after CREATE, rows, keys and foreign keys, SHOW CREATE TABLE printed the same text.
//! A line with `-` before it is one that CREATE TABLE loses.

use super::split::assert_marked;

#[test]
fn ai_counter_ft() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `n` text DEFAULT NULL,
  PRIMARY KEY (`id`),
-  FULLTEXT KEY `kn` (`n`),
-  FULLTEXT KEY `k2` (`n`)
) ENGINE=InnoDB AUTO_INCREMENT=5001 DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[r#"ALTER TABLE `t` ADD FULLTEXT KEY `kn` (`n`)"#, r#"ALTER TABLE `t` ADD FULLTEXT KEY `k2` (`n`)"#],
    );
}

#[test]
fn ai_key() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` int(11) NOT NULL AUTO_INCREMENT,
  `b` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `ub` (`b`),
  KEY `kb` (`b`),
  KEY `kba` (`b`,`a`),
  KEY `ka` (`a`,`b`),
-  KEY `ka2` (`a`),
-  KEY `kz` (`b`)
) ENGINE=InnoDB AUTO_INCREMENT=79 DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `ub` (`b`), ADD KEY `ka2` (`a`), ADD KEY `kz` (`b`)"#],
    );
}

#[test]
fn no_pk_ai_key() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `b` int(11) DEFAULT NULL,
  KEY `kb` (`b`),
  KEY `k2` (`id`),
-  KEY `k3` (`b`,`id`)
) ENGINE=InnoDB AUTO_INCREMENT=10 DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `k3` (`b`,`id`)"#],
    );
}

#[test]
fn comment_trick() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL COMMENT 'x`,\n  KEY `x` (`id`),\n) ENGINE=MyISAM',
  `b` int(11) DEFAULT 1 COMMENT 'it''s; \\',
  PRIMARY KEY (`id`),
-  KEY `k` (`b`) COMMENT 'a, KEY `z` (`b`)\n) /* -- # ''',
-  KEY `k2` (`b`,`id`) COMMENT '"'
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci COMMENT='VIEW (a, KEY (b))'"#,
        &[
            r#"ALTER TABLE `t` ADD KEY `k` (`b`) COMMENT 'a, KEY `z` (`b`)\n) /* -- # ''', ADD KEY `k2` (`b`,`id`) COMMENT '"'"#,
        ],
    );
}

#[test]
fn names() {
    assert_marked(
        r#"CREATE TABLE `t``,(
) KEY` (
  `a``b` int(11) NOT NULL,
  `c
d, (` int(11) DEFAULT NULL,
  `KEY` int(11) DEFAULT NULL,
  `select` int(11) DEFAULT NULL,
  `PRIMARY KEY` int(11) DEFAULT NULL,
  PRIMARY KEY (`a``b`),
-  UNIQUE KEY `CONSTRAINT` (`select`),
-  KEY `k``,
-  KEY ``(` (`c
-d, (`,`KEY`),
-  KEY `é` (`PRIMARY KEY`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[r#"ALTER TABLE `t``,(
) KEY` ADD UNIQUE KEY `CONSTRAINT` (`select`), ADD KEY `k``,
  KEY ``(` (`c
d, (`,`KEY`), ADD KEY `é` (`PRIMARY KEY`)"#],
    );
}

#[test]
fn defaults() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `e` enum('a','b)','c,d','e''f','(','KEY') DEFAULT 'e''f',
  `s` set('x)','y(') DEFAULT 'x)',
  `d` varchar(50) DEFAULT concat('a)','b,(','c\''),
  `g` int(11) GENERATED ALWAYS AS (`id` + 2 * octet_length('),(')) STORED,
  `v` varchar(10) GENERATED ALWAYS AS (concat(`e`,',)')) VIRTUAL,
  `c` int(11) DEFAULT NULL CHECK (`c` > 0 and (`c` < 5 or `c` in (7,8))),
  PRIMARY KEY (`id`),
-  KEY `kg` (`g`),
-  KEY `kv` (`v`),
-  KEY `ke` (`e`,`s`),
-  KEY `kc` (`c`),
  CONSTRAINT `ck` CHECK (`e` <> 'a),(' or `id` > 1 + 2)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[r#"ALTER TABLE `t` ADD KEY `kg` (`g`), ADD KEY `kv` (`v`), ADD KEY `ke` (`e`,`s`), ADD KEY `kc` (`c`)"#],
    );
}

#[test]
fn ignored() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` varchar(100) DEFAULT NULL,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `u` (`a`) IGNORED,
-  KEY `ka` (`a`) IGNORED,
-  KEY `kb` (`id`,`a`) COMMENT 'x'
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[
            r#"ALTER TABLE `t` ADD UNIQUE KEY `u` (`a`) IGNORED, ADD KEY `ka` (`a`) IGNORED, ADD KEY `kb` (`id`,`a`) COMMENT 'x'"#,
        ],
    );
}

#[test]
fn partition_key() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` int(11) NOT NULL,
  `b` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`,`a`),
-  UNIQUE KEY `ub` (`b`,`id`,`a`),
-  KEY `ka` (`a`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci
 PARTITION BY KEY ()
PARTITIONS 3"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `ub` (`b`,`id`,`a`), ADD KEY `ka` (`a`)"#],
    );
}

#[test]
fn partition_list_cols() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `c` varchar(10) NOT NULL,
  PRIMARY KEY (`id`,`c`),
-  KEY `kc` (`c`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci
 PARTITION BY LIST  COLUMNS(`c`)
(PARTITION `p0` VALUES IN ('a)','SELECT') ENGINE = InnoDB,
 PARTITION `p1` VALUES IN ('x,(','AS') ENGINE = InnoDB)"#,
        &[r#"ALTER TABLE `t` ADD KEY `kc` (`c`)"#],
    );
}

#[test]
fn fk() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `zz` int(11) DEFAULT NULL,
  `aa` int(11) DEFAULT NULL,
  `up` int(11) DEFAULT NULL,
  `yy` int(11) DEFAULT NULL,
  `xx` int(11) DEFAULT NULL,
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
  CONSTRAINT `c` CHECK (`id` > 0)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[
            r#"ALTER TABLE `t` ADD UNIQUE KEY `uz` (`zz`,`aa`), ADD KEY `afk` (`aa`), ADD KEY `a` (`yy`,`xx`), ADD KEY `sfk` (`up`), ADD KEY `other` (`xx`)"#,
            r#"ALTER TABLE `t` ADD CONSTRAINT `a` FOREIGN KEY (`yy`, `xx`) REFERENCES `par` (`y`, `x`), ADD CONSTRAINT `afk` FOREIGN KEY (`aa`) REFERENCES `par` (`x`), ADD CONSTRAINT `sfk` FOREIGN KEY (`up`) REFERENCES `t` (`id`), ADD CONSTRAINT `zfk` FOREIGN KEY (`zz`) REFERENCES `par` (`id`) ON DELETE SET NULL ON UPDATE CASCADE"#,
        ],
    );
}

#[test]
fn fk_missing_parent() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
-  KEY `ka` (`a`),
-  CONSTRAINT `f``k, (` FOREIGN KEY (`a`) REFERENCES `ddl_other`.`no``pe` (`x`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[
            r#"ALTER TABLE `t` ADD KEY `ka` (`a`)"#,
            r#"ALTER TABLE `t` ADD CONSTRAINT `f``k, (` FOREIGN KEY (`a`) REFERENCES `ddl_other`.`no``pe` (`x`)"#,
        ],
    );
}

#[test]
fn versioned() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` int(11) DEFAULT NULL,
  `b` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `ua` (`a`),
-  KEY `kb` (`b`),
-  FULLTEXT KEY `f` (`b`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci WITH SYSTEM VERSIONING"#,
        &[
            r#"SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE `t` ADD UNIQUE KEY `ua` (`a`), ADD KEY `kb` (`b`), ADD FULLTEXT KEY `f` (`b`)"#,
        ],
    );
}

#[test]
fn versioned_fk() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` int(11) DEFAULT NULL,
  `b` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`id`),
-  KEY `kb` (`b`),
-  KEY `ka` (`a`),
-  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `par` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci WITH SYSTEM VERSIONING"#,
        &[
            r#"SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE `t` ADD KEY `kb` (`b`), ADD KEY `ka` (`a`)"#,
            r#"SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE `t` ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `par` (`id`)"#,
        ],
    );
}

#[test]
fn versioned_explicit() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` int(11) DEFAULT NULL,
  `b` int(11) DEFAULT NULL WITHOUT SYSTEM VERSIONING,
  `s` timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE,
  `e` timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE,
  PRIMARY KEY (`id`,`e`),
-  UNIQUE KEY `ua` (`a`,`e`),
-  KEY `kb` (`b`,`e`),
-  KEY `ke` (`e`),
  PERIOD FOR SYSTEM_TIME (`s`, `e`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci WITH SYSTEM VERSIONING
 PARTITION BY SYSTEM_TIME LIMIT 1000
(PARTITION `p0` HISTORY ENGINE = InnoDB,
 PARTITION `pn` CURRENT ENGINE = InnoDB)"#,
        &[
            r#"SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE `t` ADD UNIQUE KEY `ua` (`a`,`e`), ADD KEY `kb` (`b`,`e`), ADD KEY `ke` (`e`)"#,
        ],
    );
}

#[test]
fn versioned_column() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL WITHOUT SYSTEM VERSIONING,
  `a` int(11) DEFAULT NULL,
  `b` int(11) DEFAULT NULL WITHOUT SYSTEM VERSIONING,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `ua` (`a`),
-  KEY `ka2` (`b`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci WITH SYSTEM VERSIONING"#,
        &[
            r#"SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE `t` ADD UNIQUE KEY `ua` (`a`), ADD KEY `ka2` (`b`)"#,
        ],
    );
}

#[test]
fn overlaps() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `s` date NOT NULL,
  `e` date NOT NULL,
  `x` int(11) DEFAULT NULL,
  `y` int(11) DEFAULT NULL,
  PERIOD FOR `p` (`s`, `e`),
  PRIMARY KEY (`id`,`p` WITHOUT OVERLAPS),
  UNIQUE KEY `uy` (`y`,`s`,`e`),
  UNIQUE KEY `ux` (`x`,`id`,`p` WITHOUT OVERLAPS),
-  UNIQUE KEY `uz` (`x`,`y`,`s`),
-  KEY `kx` (`x`),
-  KEY `kp` (`s`,`e`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `uz` (`x`,`y`,`s`), ADD KEY `kx` (`x`), ADD KEY `kp` (`s`,`e`)"#],
    );
}

#[test]
fn long_unique() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `b` blob DEFAULT NULL,
  `c` int(11) DEFAULT NULL,
  `d` text DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u3` (`c`,`id`),
  UNIQUE KEY `u5` (`id`,`c`),
  UNIQUE KEY `ub` (`b`) USING HASH,
  UNIQUE KEY `u2` (`d`,`c`) USING HASH,
  UNIQUE KEY `uc` (`c`) USING HASH,
  UNIQUE KEY `u4` (`b`,`d`) USING HASH,
  KEY `kc` (`c`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci"#,
        &[],
    );
}

#[test]
fn uuid() {
    assert_marked(
        r#"CREATE TABLE `t` (
  `id` uuid NOT NULL DEFAULT uuid(),
  `c` text /*M!100301 COMPRESSED*/ DEFAULT NULL,
  `i` inet6 DEFAULT NULL,
  PRIMARY KEY (`id`),
-  UNIQUE KEY `us` (`i`,`id`),
-  KEY `ki` (`i`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci `PAGE_COMPRESSED`='1'"#,
        &[r#"ALTER TABLE `t` ADD UNIQUE KEY `us` (`i`,`id`), ADD KEY `ki` (`i`)"#],
    );
}
