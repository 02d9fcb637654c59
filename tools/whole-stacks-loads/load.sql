-- SPDX-License-Identifier: MIT
-- A load for sqlite3: a recursive query, sorting, an index, commits that wait for the disk.
CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, name TEXT, weight REAL);
DELETE FROM item;
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO item SELECT i, printf('%08x', i * 2654435761 % 4294967296), i % 97 / 7.0 FROM n;
COMMIT;
CREATE INDEX IF NOT EXISTS by_name ON item(name);
SELECT count(*), sum(weight) FROM (SELECT * FROM item ORDER BY weight, name);
SELECT count(*) FROM item a JOIN item b ON a.name = b.name WHERE b.name LIKE '%a%';
SELECT length(group_concat(name)) FROM item WHERE id % 13 = 0;
UPDATE item SET weight = weight + 1 WHERE id % 3 = 0;
UPDATE item SET name = upper(name) WHERE id < 500;
DROP INDEX by_name;
