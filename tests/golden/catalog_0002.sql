BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE aliases (
	name VARCHAR(128) NOT NULL, 
	alias VARCHAR(128) NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_aliases PRIMARY KEY (name, alias), 
	CONSTRAINT fk_aliases_name_models FOREIGN KEY(name, version) REFERENCES models (name, version)
);
INSERT INTO "aliases" VALUES('digits','champion',1);
CREATE TABLE artifacts (
	fingerprint VARCHAR(64) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	summary TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_artifacts PRIMARY KEY (fingerprint)
);
INSERT INTO "artifacts" VALUES('1111111111111111111111111111111111111111111111111111111111111111','dataset','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1000,'{"rows": 3}','2026-11-22T09:30:16.000+00:00');
INSERT INTO "artifacts" VALUES('2222222222222222222222222222222222222222222222222222222222222222','bundle','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',2000,'{}','2026-11-22T09:30:17.000+00:00');
CREATE TABLE models (
	name VARCHAR(128) NOT NULL, 
	version INTEGER NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	metrics TEXT NOT NULL, 
	run INTEGER, 
	created_at VARCHAR(32) NOT NULL, deleted_at VARCHAR(32), 
	CONSTRAINT pk_models PRIMARY KEY (name, version), 
	CONSTRAINT fk_models_run_runs FOREIGN KEY(run) REFERENCES runs (number) ON DELETE SET NULL
);
INSERT INTO "models" VALUES('digits',1,'2222222222222222222222222222222222222222222222222222222222222222','{"accuracy": 0.98}',1,'2026-11-22T09:30:18.000+00:00',NULL);
INSERT INTO "models" VALUES('digits',2,'3333333333333333333333333333333333333333333333333333333333333333','{"accuracy": 0.97}',1,'2026-11-22T09:40:18.000+00:00','2026-11-23T09:40:18.000+00:00');
CREATE TABLE parents (
	child VARCHAR(64) NOT NULL, 
	role VARCHAR(64) NOT NULL, 
	parent VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_parents PRIMARY KEY (child, role), 
	CONSTRAINT fk_parents_child_artifacts FOREIGN KEY(child) REFERENCES artifacts (fingerprint) ON DELETE CASCADE
);
INSERT INTO "parents" VALUES('2222222222222222222222222222222222222222222222222222222222222222','acquire','1111111111111111111111111111111111111111111111111111111111111111');
CREATE TABLE runs (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(40) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	finished_at VARCHAR(32), 
	stoker VARCHAR(32) NOT NULL, 
	recipe TEXT NOT NULL, 
	overrides TEXT NOT NULL, 
	result TEXT, 
	host VARCHAR(255) NOT NULL, 
	boot VARCHAR(64) NOT NULL, 
	space VARCHAR(64) NOT NULL, 
	pid INTEGER NOT NULL, 
	process_started BIGINT NOT NULL, 
	CONSTRAINT uq_runs_id UNIQUE (id)
);
INSERT INTO "runs" VALUES(1,'r-20261122-093015-7f3a','digits','done','2026-11-22T09:30:15.000+00:00','2026-11-22T09:31:15.000+00:00','0.1.0','version: 1
name: digits
','["seed=1"]','{"准确率": 0.98}','host','boot','pid:[1]',1,1);
CREATE TABLE stages (
	run INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	stage VARCHAR(64) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	fingerprint VARCHAR(64), 
	seconds FLOAT NOT NULL, 
	measured TEXT NOT NULL, 
	CONSTRAINT pk_stages PRIMARY KEY (run, position), 
	CONSTRAINT fk_stages_run_runs FOREIGN KEY(run) REFERENCES runs (number) ON DELETE CASCADE
);
INSERT INTO "stages" VALUES(1,0,'acquire','cached','1111111111111111111111111111111111111111111111111111111111111111',0.25,'{}');
INSERT INTO "stages" VALUES(1,1,'train','done','2222222222222222222222222222222222222222222222222222222222222222',12.5,'{"steps_per_s": 10.0}');
CREATE INDEX ix_runs_name ON runs (name);
CREATE INDEX ix_stages_fingerprint ON stages (fingerprint);
CREATE INDEX ix_parents_parent ON parents (parent);
CREATE INDEX ix_models_fingerprint ON models (fingerprint);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',1);
COMMIT;
