BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'start','2026-11-26 07:34:53',1,X'D3B97D1714A1575813C0EEE5C7C3A22C46C38B6FA96643EA50D28BA28CD02E574D7DA536A95FA1D873D5AA3F784FA280',2998053);
INSERT INTO "_sqlx_migrations" VALUES(2,'people','2026-11-26 07:34:53',1,X'6096EAF1B4ED0DC06F6F995A8218B9EFD8AE52563D9465AE1C8276E7E14AE8A21703141BC936B9F63E950AA109CA4ECA',1267062);
INSERT INTO "_sqlx_migrations" VALUES(3,'time','2026-11-26 07:34:53',1,X'14A72B01506A9987C335DF66F449142238402A1808035378850EB0CFDDD410CE7FD3BABBC33B601E5509D2A23DBDD97C',1323666);
INSERT INTO "_sqlx_migrations" VALUES(4,'audit','2026-11-26 07:34:53',1,X'CA83E1AD47CB009FCDB02911317E3C6EB48CE167FF55F954273DDC2515E5A8C5D646B9B65023EE36B123A8A61F8D0977',1258339);
INSERT INTO "_sqlx_migrations" VALUES(5,'requests','2026-11-26 07:34:53',1,X'8552949B58AF05EEB8717C6575646F7FCACBB12A604CD1BC3075F371826C5B494305F738B83B5E6051FD6FBE8F7645DE',868400);
INSERT INTO "_sqlx_migrations" VALUES(6,'changes','2026-11-27 11:19:57',1,X'83072DACBA98F60E6CF7D076A489C5C0C429F9D1D5F9B18345A2FFD45143FBA079A46CC1C3B5557C46B87AE97F18CE1F',1566090);
INSERT INTO "_sqlx_migrations" VALUES(7,'network','2026-11-27 11:19:57',1,X'42A64BBE62DA3496EA73240ABADA65C8AC8E679E8A281FDEE72AE762CA4DED8FD95CDDF02833A12A63EFF35A3D926168',423492);
INSERT INTO "_sqlx_migrations" VALUES(8,'asks','2026-11-27 11:19:57',1,X'2FB554814AD01FF648FD9035A156B61A3DDD6E1C161A66A8CE58B168F5A1F1F891AA04A363950289FA0F446976E04AAB',365142);
INSERT INTO "_sqlx_migrations" VALUES(9,'truth','2026-11-27 11:19:57',1,X'BE8D791EB88D45B98E1740271E51FD4EC36ADC7DCD2353F4F6BDF10AFA08120FFDA0FC137469E6AEE1D8CDE7D0024173',888700);
INSERT INTO "_sqlx_migrations" VALUES(10,'folded','2026-11-30 21:36:15',1,X'BBCCA6A1AEA9D675FB118BEB5FF88D18EDDD598DD0F604A3F1F643AD1CCFECFB89FDBB2AE098BCC5964F6FAF8BD98271',6383305);
INSERT INTO "_sqlx_migrations" VALUES(11,'disk','2026-11-30 23:36:20',1,X'2AA4FF8A3B18C4A2151C4EE35024614C6DE687B5F6F8C1FA3B0420437E786ABCC8CF21022C52F3660057EFC4A8D3E960',6526795);
CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    person_id TEXT,
    person TEXT NOT NULL,
    origin TEXT NOT NULL,
    token TEXT,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    team TEXT,
    environment_id TEXT,
    object TEXT NOT NULL,
    reason TEXT NOT NULL
, folded_person TEXT, folded TEXT);
INSERT INTO "audit" VALUES(1,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'team blue','new','command line','team blue
new');
INSERT INTO "audit" VALUES(2,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'team green','new','command line','team green
new');
INSERT INTO "audit" VALUES(3,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'size s','new','command line','size s
new');
INSERT INTO "audit" VALUES(4,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'size l','new','command line','size l
new');
INSERT INTO "audit" VALUES(5,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'template web, version 1','new','command line','template web, version 1
new');
INSERT INTO "audit" VALUES(6,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'template box, version 1','new','command line','template box, version 1
new');
INSERT INTO "audit" VALUES(7,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'template silent, version 1','new','command line','template silent, version 1
new');
INSERT INTO "audit" VALUES(8,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'template exits, version 1','new','command line','template exits, version 1
new');
INSERT INTO "audit" VALUES(9,1800000000000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'template absent, version 1','new','command line','template absent, version 1
new');
INSERT INTO "audit" VALUES(10,1800000000000,NULL,'command line','command_line',NULL,'create_token','done',NULL,NULL,'nightly of Bea, scope launch','','command line','nightly of bea, scope launch
');
INSERT INTO "audit" VALUES(11,1800000000000,NULL,'command line','command_line',NULL,'create_token','done',NULL,NULL,'nightly of Lena, scope launch','','command line','nightly of lena, scope launch
');
INSERT INTO "audit" VALUES(12,1800000000000,NULL,'command line','command_line',NULL,'create_token','done',NULL,NULL,'nightly of Ada, scope admin','','command line','nightly of ada, scope admin
');
INSERT INTO "audit" VALUES(13,1800000000000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','use_token','done',NULL,NULL,'nightly','for the first time','bea','nightly
for the first time');
INSERT INTO "audit" VALUES(14,1800000000000,'01a3185c-5000-7200-8000-000000000200','Lena','api','nightly','use_token','done',NULL,NULL,'nightly','for the first time','lena','nightly
for the first time');
INSERT INTO "audit" VALUES(15,1800000000000,'01a3185c-5000-7300-8000-000000000300','Ada','api','nightly','use_token','done',NULL,NULL,'nightly','for the first time','ada','nightly
for the first time');
INSERT INTO "audit" VALUES(16,1800000000000,'01a3185c-5000-7100-8000-000000000100','Bea','page',NULL,'sign_in','done',NULL,NULL,'','','bea','
');
INSERT INTO "audit" VALUES(17,1800000000000,'01a3185c-5000-7300-8000-000000000300','Ada','page',NULL,'sign_in','done',NULL,NULL,'','','ada','
');
INSERT INTO "audit" VALUES(18,1800000000000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','launch','done','blue','01a3185c-5000-7c00-8000-000000000c00','api','web v1, size s','bea','api
web v1, size s');
INSERT INTO "audit" VALUES(19,1800000060000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'team blue','changed','command line','team blue
changed');
INSERT INTO "audit" VALUES(20,1800000060000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'team green','changed','command line','team green
changed');
INSERT INTO "audit" VALUES(21,1800000060000,NULL,'command line','command_line',NULL,'apply_catalogue','done',NULL,NULL,'template box: version 1 becomes 2','changed','command line','template box: version 1 becomes 2
changed');
INSERT INTO "audit" VALUES(22,1800000060000,'01a3185c-5000-7200-8000-000000000200','Lena','api','nightly','launch','done','blue','01a3185d-3a60-7d00-8000-000000000d00','box-1','box v2, size s','lena','box-1
box v2, size s');
INSERT INTO "audit" VALUES(23,1800000060000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','launch','done','blue','01a3185d-3a60-7e00-8000-000000000e00','box-2','box v2, size s','bea','box-2
box v2, size s');
INSERT INTO "audit" VALUES(24,1800000060000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','stop','done','blue','01a3185d-3a60-7e00-8000-000000000e00','box-2','Stopped by Bea.','bea','box-2
stopped by bea.');
INSERT INTO "audit" VALUES(25,1800000060000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','launch','done','blue','01a3185d-3a60-7f00-8000-000000000f00','box-3','box v2, size s','bea','box-3
box v2, size s');
INSERT INTO "audit" VALUES(26,1800000120000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','restart','done','blue','01a3185d-3a60-7f00-8000-000000000f00','box-3','','bea','box-3
');
INSERT INTO "audit" VALUES(27,1800000120000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','remove','done','blue','01a3185d-3a60-7f00-8000-000000000f00','box-3','','bea','box-3
');
INSERT INTO "audit" VALUES(28,1800000120000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','launch','done','blue','01a3185e-24c0-7000-8000-000000001000','exits-1','exits v1, size s','bea','exits-1
exits v1, size s');
INSERT INTO "audit" VALUES(29,1800000120000,NULL,'launch','job',NULL,'launch','failed','blue','01a3185e-24c0-7000-8000-000000001000','exits-1','It ended before it was ready: it ended with exit code 3. Its last lines: no such file ⏎ giving up','launch','exits-1
it ended before it was ready: it ended with exit code 3. its last lines: no such file ⏎ giving up');
INSERT INTO "audit" VALUES(30,1800000120000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','request','done','blue',NULL,'1 environment, 1 running, 0.5 CPU cores, 128 MiB of memory more','A release.','bea','1 environment, 1 running, 0.5 cpu cores, 128 mib of memory more
a release.');
INSERT INTO "audit" VALUES(31,1800000120000,'01a3185c-5000-7200-8000-000000000200','Lena','api','nightly','request','done','blue',NULL,'1 environment, 1 running, 0.5 CPU cores, 128 MiB of memory more','A release.','lena','1 environment, 1 running, 0.5 cpu cores, 128 mib of memory more
a release.');
INSERT INTO "audit" VALUES(32,1800000120000,'01a3185c-5000-7300-8000-000000000300','Ada','api','nightly','approve','done','blue',NULL,'1 environment, 1 running, 0.5 CPU cores, 128 MiB of memory more for Lena','Until it is out.','ada','1 environment, 1 running, 0.5 cpu cores, 128 mib of memory more for lena
until it is out.');
INSERT INTO "audit" VALUES(33,1800000120000,'01a3185c-5000-7100-8000-000000000100','Bea','api','nightly','request','done','blue',NULL,'1 environment, 1 running, 0.5 CPU cores, 128 MiB of memory more','A release.','bea','1 environment, 1 running, 0.5 cpu cores, 128 mib of memory more
a release.');
INSERT INTO "audit" VALUES(34,1800000120000,'01a3185c-5000-7300-8000-000000000300','Ada','api','nightly','decline','done','blue',NULL,'1 environment, 1 running, 0.5 CPU cores, 128 MiB of memory more for Bea','Not twice.','ada','1 environment, 1 running, 0.5 cpu cores, 128 mib of memory more for bea
not twice.');
INSERT INTO "audit" VALUES(35,1800000000000,'01a3185c-5000-7010-8000-000000000010','ÖZLEM ÇELİK','page',NULL,'launch','done','blue','01a3185c-5000-7110-8000-000000000110','box-3','box v2, size s','özlem çelik','box-3
box v2, size s');
INSERT INTO "audit" VALUES(36,1800000000000,'01a3185c-5000-7010-8000-000000000010','ÖZLEM ÇELİK','page',NULL,'stop','done','blue','01a3185c-5000-7110-8000-000000000110','box-3','Stopped by ÖZLEM ÇELİK.','özlem çelik','box-3
stopped by özlem çelik.');
INSERT INTO "audit" VALUES(37,1800000000000,'01a3185c-5000-7010-8000-000000000010','ÖZLEM ÇELİK','page',NULL,'remove','done','blue','01a3185c-5000-7110-8000-000000000110','box-3','','özlem çelik','box-3
');
INSERT INTO "audit" VALUES(38,1800000000000,'01a3185c-5000-7010-8000-000000000010','ÖZLEM ÇELİK','page',NULL,'remove','done','blue','01a3185e-24c0-7000-8000-000000001000','exits-1','','özlem çelik','exits-1
');
INSERT INTO "audit" VALUES(39,1800000000000,'01a3185c-5000-7010-8000-000000000010','ÖZLEM ÇELİK','page',NULL,'launch','done','blue','01a3185c-5000-7210-8000-000000000210','web-1','web v1, size s','özlem çelik','web-1
web v1, size s');
CREATE TABLE changes (
    catalogue BIGINT NOT NULL,
    environments BIGINT NOT NULL,
    requests BIGINT NOT NULL
);
INSERT INTO "changes" VALUES(1,20,1);
CREATE TABLE environments (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    team TEXT NOT NULL REFERENCES teams (name),
    owner_id TEXT NOT NULL REFERENCES users (id),
    template TEXT NOT NULL,
    version BIGINT NOT NULL,
    size TEXT NOT NULL,
    host TEXT NOT NULL,
    cpus BIGINT NOT NULL,
    memory BIGINT NOT NULL,
    pids BIGINT NOT NULL,
    variables TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    health TEXT,
    attempt BIGINT NOT NULL,
    activity BIGINT NOT NULL,
    container_id TEXT,
    container_name TEXT,
    ran BOOLEAN NOT NULL DEFAULT FALSE,
    ports TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    expires_at BIGINT NOT NULL,
    idempotency_key TEXT,
    revision BIGINT NOT NULL, removes_at BIGINT, idle TEXT, changed BIGINT NOT NULL DEFAULT 0, network TEXT, ask_digest TEXT, paused INTEGER NOT NULL DEFAULT 0, out_of_memory INTEGER NOT NULL DEFAULT 0, run_began_at INTEGER, disk BIGINT, over_disk INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (template, version) REFERENCES template_versions (slug, version)
);
INSERT INTO "environments" VALUES('01a3185c-5000-7c00-8000-000000000c00','api','blue','01a3185c-5000-7100-8000-000000000100','web',1,'s','stand-in',500,134217728,256,'{"GREETING":"Ahoy","KEY":"hunter2-hunter2"}','running',NULL,NULL,1,1,'0000000000000000000000000000000000000000000000000000000000000004','berth-blue-api-00000c00-1',1,'[]',1800000000000,1795219200001,1800028800000,'nightly',6,NULL,NULL,3,NULL,NULL,0,0,1795219200001,NULL,0);
INSERT INTO "environments" VALUES('01a3185d-3a60-7d00-8000-000000000d00','box-1','blue','01a3185c-5000-7200-8000-000000000200','box',2,'s','stand-in',500,134217728,256,'{}','running',NULL,NULL,1,1,'0000000000000000000000000000000000000000000000000000000000000005','berth-blue-box-1-00000d00-1',1,'[]',1800000060000,1795219200002,1800003660000,NULL,6,NULL,'{"rule":{"after":"1h","network_per_minute":16384,"cpus":0.02},"last_activity":{"kind":"start","at":"2026-11-21T00:00:00.002Z"},"quiet_ms":0,"looked_at":"2026-11-21T00:00:00.002Z","counted":null}',2,NULL,NULL,0,0,1795219200002,NULL,0);
INSERT INTO "environments" VALUES('01a3185d-3a60-7e00-8000-000000000e00','box-2','blue','01a3185c-5000-7100-8000-000000000100','box',2,'s','stand-in',500,134217728,256,'{}','stopped','Stopped by Bea.',NULL,1,2,'0000000000000000000000000000000000000000000000000000000000000006','berth-blue-box-2-00000e00-1',1,'[]',1800000060000,NULL,1800003660000,NULL,7,1800604860000,NULL,0,NULL,NULL,0,0,NULL,NULL,0);
INSERT INTO "environments" VALUES('01a3185d-3a60-7f00-8000-000000000f00','box-3','blue','01a3185c-5000-7100-8000-000000000100','box',2,'s','stand-in',500,134217728,256,'{}','removed',NULL,NULL,1,3,NULL,'berth-blue-box-3-00000f00-1',1,'[]',1800000060000,NULL,1800003660000,NULL,11,NULL,NULL,0,NULL,NULL,0,0,NULL,NULL,0);
INSERT INTO "environments" VALUES('01a3185e-24c0-7000-8000-000000001000','exits-1','blue','01a3185c-5000-7100-8000-000000000100','exits',1,'s','stand-in',500,134217728,256,'{}','removed','It ended before it was ready: it ended with exit code 3. Its last lines: no such file ⏎ giving up',NULL,2,2,NULL,'berth-blue-exits-1-00001000-1',0,'[]',1800000120000,NULL,1800003720000,NULL,7,1800604920000,NULL,14,NULL,NULL,0,0,NULL,NULL,0);
INSERT INTO "environments" VALUES('01a3185c-5000-7110-8000-000000000110','box-3','blue','01a3185c-5000-7010-8000-000000000010','box',2,'s','stand-in',500,134217728,256,'{}','removed','Stopped by ÖZLEM ÇELİK.',NULL,1,3,NULL,'berth-blue-box-3-00000110-1',1,'[]',1800000000000,NULL,1800003600000,NULL,9,1800604800000,NULL,12,'bridge',NULL,0,0,1795219200004,NULL,0);
INSERT INTO "environments" VALUES('01a3185c-5000-7210-8000-000000000210','web-1','blue','01a3185c-5000-7010-8000-000000000010','web',1,'s','stand-in',500,134217728,256,'{"GREETING":"Hello"}','running',NULL,NULL,1,1,'0000000000000000000000000000000000000000000000000000000000000009','berth-blue-web-1-00000210-1',1,'[{"name":"http","container":80,"protocol":"tcp","scheme":"http","host_ip":"0.0.0.0","host_port":38447,"url":null,"address":""},{"name":"syslog","container":514,"protocol":"udp","scheme":"raw","host_ip":"0.0.0.0","host_port":32769,"url":null,"address":""}]',1800000000000,1800000000000,1800028800000,NULL,5,NULL,NULL,20,'bridge',NULL,0,0,1795219200005,NULL,0);
CREATE TABLE installation (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO "installation" VALUES('id','test');
CREATE TABLE post_mortems (
    environment_id TEXT PRIMARY KEY REFERENCES environments (id),
    at BIGINT NOT NULL,
    why TEXT NOT NULL,
    exit_code BIGINT,
    oom_killed BOOLEAN NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    lines TEXT NOT NULL
);
INSERT INTO "post_mortems" VALUES('01a3185d-3a60-7f00-8000-000000000f00',1800000120000,'It was removed.',NULL,0,1795219200000,1795219200000,'[]');
INSERT INTO "post_mortems" VALUES('01a3185e-24c0-7000-8000-000000001000',1800000120000,'It ended before it was ready: it ended with exit code 3. Its last lines: no such file ⏎ giving up',3,0,1795219200000,1795219200000,'["no such file","giving up"]');
INSERT INTO "post_mortems" VALUES('01a3185c-5000-7110-8000-000000000110',1800000000000,'Stopped by ÖZLEM ÇELİK.',143,0,1795219200004,1795219200004,'[]');
CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    team TEXT NOT NULL REFERENCES teams (name),
    asker_id TEXT NOT NULL REFERENCES users (id),
    -- Whose limit is to be raised: the team's, or the cap on this member.
    scope TEXT NOT NULL,
    environments BIGINT NOT NULL,
    running BIGINT NOT NULL,
    cpus BIGINT NOT NULL,
    memory BIGINT NOT NULL,
    reason TEXT NOT NULL,
    until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- All three or none: whoever moved it to the state it is in, when, and why.
    decided_by TEXT REFERENCES users (id),
    decided_at BIGINT,
    word TEXT,
    -- When what was lent is, or was, back; null for what was never lent.
    lent_until BIGINT
);
INSERT INTO "requests" VALUES('01a3185e-24c0-7100-8000-000000001100','blue','01a3185c-5000-7100-8000-000000000100','team',1,1,500,134217728,'A release.',1800028920000,1800000120000,'open',NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES('01a3185e-24c0-7200-8000-000000001200','blue','01a3185c-5000-7200-8000-000000000200','team',1,1,500,134217728,'A release.',1800028920000,1800000120000,'approved','01a3185c-5000-7300-8000-000000000300',1800000120000,'Until it is out.',1800028920000);
INSERT INTO "requests" VALUES('01a3185e-24c0-7300-8000-000000001300','blue','01a3185c-5000-7100-8000-000000000100','team',1,1,500,134217728,'A release.',1800028920000,1800000120000,'declined','01a3185c-5000-7300-8000-000000000300',1800000120000,'Not twice.',NULL);
CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    user_id TEXT REFERENCES users (id),
    sid TEXT,
    id_token TEXT,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
INSERT INTO "sessions" VALUES('273adf0a6c5c6d5dd3f4ea5202fb3df3d8f700cb0968503107d044a037a8de70','{}',1800604800000,'01a3185c-5000-7100-8000-000000000100',NULL,NULL,1800000000000,1800000000000);
INSERT INTO "sessions" VALUES('c95ea2e01453942ee38598af7b4eed78203529a3f1133c2acf2591f6be8a7ab4','{}',1800604800000,'01a3185c-5000-7300-8000-000000000300',NULL,NULL,1800000000000,1800000000000);
CREATE TABLE sign_ins (
    state_hash TEXT PRIMARY KEY,
    browser TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE sizes (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    cpus BIGINT NOT NULL,
    memory BIGINT NOT NULL,
    pids BIGINT NOT NULL
, disk BIGINT);
INSERT INTO "sizes" VALUES('s',0,500,134217728,256,NULL);
INSERT INTO "sizes" VALUES('l',1,2000,536870912,256,NULL);
CREATE TABLE steps (
    environment_id TEXT NOT NULL REFERENCES environments (id),
    activity BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    detail TEXT,
    failed BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (environment_id, activity, position)
);
INSERT INTO "steps" VALUES('01a3185c-5000-7c00-8000-000000000c00',1,0,'reserve',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7c00-8000-000000000c00',1,1,'image',1800000000000,1800000000000,'present',0);
INSERT INTO "steps" VALUES('01a3185c-5000-7c00-8000-000000000c00',1,2,'create',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7c00-8000-000000000c00',1,3,'start',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7c00-8000-000000000c00',1,4,'ports',1800000000000,1800000000000,'80→46097, 514→32769',0);
INSERT INTO "steps" VALUES('01a3185c-5000-7c00-8000-000000000c00',1,5,'ready',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7d00-8000-000000000d00',1,0,'reserve',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7d00-8000-000000000d00',1,1,'image',1800000060000,1800000060000,'present',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7d00-8000-000000000d00',1,2,'create',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7d00-8000-000000000d00',1,3,'start',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7d00-8000-000000000d00',1,4,'ports',1800000060000,1800000060000,'none',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7d00-8000-000000000d00',1,5,'ready',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7e00-8000-000000000e00',1,0,'reserve',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7e00-8000-000000000e00',1,1,'image',1800000060000,1800000060000,'present',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7e00-8000-000000000e00',1,2,'create',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7e00-8000-000000000e00',1,3,'start',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7e00-8000-000000000e00',1,4,'ports',1800000060000,1800000060000,'none',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7e00-8000-000000000e00',1,5,'ready',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7e00-8000-000000000e00',2,0,'stop',1800000060000,1800000060000,'Stopped by Bea.',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',1,0,'reserve',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',1,1,'image',1800000060000,1800000060000,'present',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',1,2,'create',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',1,3,'start',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',1,4,'ports',1800000060000,1800000060000,'none',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',1,5,'ready',1800000060000,1800000060000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',2,0,'stop',1800000120000,1800000120000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',2,1,'start',1800000120000,1800000120000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',2,2,'ports',1800000120000,1800000120000,'none',0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',2,3,'ready',1800000120000,1800000120000,NULL,0);
INSERT INTO "steps" VALUES('01a3185d-3a60-7f00-8000-000000000f00',3,0,'remove',1800000120000,1800000120000,NULL,0);
INSERT INTO "steps" VALUES('01a3185e-24c0-7000-8000-000000001000',1,0,'reserve',1800000120000,1800000120000,NULL,0);
INSERT INTO "steps" VALUES('01a3185e-24c0-7000-8000-000000001000',1,1,'image',1800000120000,1800000120000,'present',0);
INSERT INTO "steps" VALUES('01a3185e-24c0-7000-8000-000000001000',1,2,'create',1800000120000,1800000120000,NULL,0);
INSERT INTO "steps" VALUES('01a3185e-24c0-7000-8000-000000001000',1,3,'start',1800000120000,1800000120000,NULL,0);
INSERT INTO "steps" VALUES('01a3185e-24c0-7000-8000-000000001000',1,4,'ports',1800000120000,1800000120000,'none',0);
INSERT INTO "steps" VALUES('01a3185e-24c0-7000-8000-000000001000',1,5,'ready',1800000120000,1800000120000,'It ended before it was ready: it ended with exit code 3. Its last lines: no such file ⏎ giving up',1);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',1,0,'reserve',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',1,1,'image',1800000000000,1800000000000,'present',0);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',1,2,'create',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',1,3,'start',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',1,4,'ports',1800000000000,1800000000000,'none',0);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',1,5,'ready',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',2,0,'stop',1800000000000,1800000000000,'Stopped by ÖZLEM ÇELİK.',0);
INSERT INTO "steps" VALUES('01a3185c-5000-7110-8000-000000000110',3,0,'remove',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185e-24c0-7000-8000-000000001000',2,0,'remove',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7210-8000-000000000210',1,0,'reserve',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7210-8000-000000000210',1,1,'image',1800000000000,1800000000000,'present',0);
INSERT INTO "steps" VALUES('01a3185c-5000-7210-8000-000000000210',1,2,'create',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7210-8000-000000000210',1,3,'start',1800000000000,1800000000000,NULL,0);
INSERT INTO "steps" VALUES('01a3185c-5000-7210-8000-000000000210',1,4,'ports',1800000000000,1800000000000,'80→38447, 514→32769',0);
INSERT INTO "steps" VALUES('01a3185c-5000-7210-8000-000000000210',1,5,'ready',1800000000000,1800000000000,NULL,0);
CREATE TABLE team_groups (
    team TEXT NOT NULL REFERENCES teams (name),
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (team, name)
);
CREATE TABLE team_members (
    team TEXT NOT NULL REFERENCES teams (name),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    PRIMARY KEY (team, user_id)
);
INSERT INTO "team_members" VALUES('green','01a3185c-5000-7200-8000-000000000200','member');
CREATE TABLE teams (
    name TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    quota TEXT NOT NULL,
    per_member TEXT NOT NULL
, lifetime TEXT NOT NULL DEFAULT '{}');
INSERT INTO "teams" VALUES('blue','blue','{"environments":5,"running":3,"cpus":2.0,"memory":1073741824}','{"environments":null,"running":null,"cpus":null,"memory":null}','{}');
INSERT INTO "teams" VALUES('green','green','{"environments":null,"running":null,"cpus":null,"memory":null}','{"environments":null,"running":null,"cpus":null,"memory":null}','{}');
CREATE TABLE template_teams (
    slug TEXT NOT NULL REFERENCES templates (slug),
    team TEXT NOT NULL REFERENCES teams (name),
    PRIMARY KEY (slug, team)
);
INSERT INTO "template_teams" VALUES('box','blue');
CREATE TABLE template_versions (
    slug TEXT NOT NULL REFERENCES templates (slug),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (slug, version)
);
INSERT INTO "template_versions" VALUES('web',1,'{"label":"Web","summary":"","image":"berth/web:1","sizes":["s","l"],"lifetime":{"default":"8h","maximum":"1d"},"port":[{"name":"http","number":80,"protocol":"tcp","scheme":"http"},{"name":"syslog","number":514,"protocol":"udp","scheme":"raw"}],"variable":[{"name":"GREETING","label":"","help":"","kind":"text","default":"Hello","required":false,"secret":false},{"name":"COUNT","label":"","help":"","kind":"integer","required":false,"secret":false},{"name":"KEY","label":"","help":"","kind":"text","required":false,"secret":true}],"ready":{"kind":"http","port":"http","path":"/","within":"30s"}}',1800000000000);
INSERT INTO "template_versions" VALUES('box',1,'{"label":"Box","summary":"","image":"berth/web:1","sizes":["s"],"lifetime":{"default":"1h","maximum":"2h"},"ready":{"kind":"started"}}',1800000000000);
INSERT INTO "template_versions" VALUES('silent',1,'{"label":"Silent","summary":"","image":"berth/silent:1","sizes":["s"],"lifetime":{"default":"1h","maximum":"2h"},"port":[{"name":"db","number":5432,"protocol":"tcp","scheme":"raw"}],"ready":{"kind":"tcp","port":"db","within":"1s"}}',1800000000000);
INSERT INTO "template_versions" VALUES('exits',1,'{"label":"Exits","summary":"","image":"berth/exits:1","sizes":["s"],"lifetime":{"default":"1h","maximum":"2h"},"port":[{"name":"db","number":5432,"protocol":"tcp","scheme":"raw"}],"ready":{"kind":"tcp","port":"db","within":"30s"}}',1800000000000);
INSERT INTO "template_versions" VALUES('absent',1,'{"label":"Absent","summary":"","image":"berth/absent:1","sizes":["s"],"lifetime":{"default":"1h","maximum":"2h"},"ready":{"kind":"started"}}',1800000000000);
INSERT INTO "template_versions" VALUES('box',2,'{"label":"Box","summary":"","image":"berth/web:1","sizes":["s"],"lifetime":{"default":"1h","maximum":"2h"},"idle":{"after":"1h","network_per_minute":16384,"cpus":0.02},"ready":{"kind":"started"}}',1800000060000);
CREATE TABLE templates (
    slug TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    everyone BOOLEAN NOT NULL
, deprecated_at BIGINT);
INSERT INTO "templates" VALUES('web',0,1,1,NULL);
INSERT INTO "templates" VALUES('box',1,2,0,NULL);
INSERT INTO "templates" VALUES('silent',2,1,1,NULL);
INSERT INTO "templates" VALUES('exits',3,1,1,NULL);
INSERT INTO "templates" VALUES('absent',4,1,1,NULL);
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    used_at BIGINT
);
INSERT INTO "tokens" VALUES('05000000000000000500000000000000','a9ab1ef2b89920caf23736351174eee61b34cfe3cfd752d3496524bb37c114d2','01a3185c-5000-7100-8000-000000000100','nightly','launch',1800000000000,NULL,NULL,1800000000000);
INSERT INTO "tokens" VALUES('07000000000000000700000000000000','cc032b06bb8ebda74480f4b66fc5906b4afc5a7f5b222bd961d68cb5e339aeaf','01a3185c-5000-7200-8000-000000000200','nightly','launch',1800000000000,NULL,NULL,1800000000000);
INSERT INTO "tokens" VALUES('09000000000000000900000000000000','1eaac1592885c9896df1298f567577fd67902a549063b13bc42006c9143cbeec','01a3185c-5000-7300-8000-000000000300','nightly','admin',1800000000000,NULL,NULL,1800000000000);
INSERT INTO "tokens" VALUES('revoked','revoked','01a3185c-5000-7100-8000-000000000100','old','launch',1800000000000,1800000000001,1800000000001,NULL);
CREATE TABLE user_groups (
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    PRIMARY KEY (user_id, name)
);
INSERT INTO "user_groups" VALUES('01a3185c-5000-7100-8000-000000000100','blue');
INSERT INTO "user_groups" VALUES('01a3185c-5000-7200-8000-000000000200','blue-leads');
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    -- For the whole installation, as of the last sign-in: auditor, admin or nothing.
    role TEXT,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL, hand_role TEXT,
    UNIQUE (issuer, subject)
);
INSERT INTO "users" VALUES('01a3185c-5000-7100-8000-000000000100','https://id.test','Bea','Bea','bea@example.org',NULL,0,1800000000000,1800000000000,NULL);
INSERT INTO "users" VALUES('01a3185c-5000-7200-8000-000000000200','https://id.test','Lena','Lena','lena@example.org',NULL,0,1800000000000,1800000000000,'auditor');
INSERT INTO "users" VALUES('01a3185c-5000-7300-8000-000000000300','https://id.test','Ada','Ada','ada@example.org','admin',0,1800000000000,1800000000000,NULL);
INSERT INTO "users" VALUES('01a3185c-5000-7010-8000-000000000010','https://id.test','ÖZLEM ÇELİK','ÖZLEM ÇELİK',NULL,NULL,0,1800000000000,1800000000000,NULL);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sign_ins_by_browser ON sign_ins (browser);
CREATE UNIQUE INDEX environments_by_name ON environments (team, name) WHERE state <> 'removed';
CREATE UNIQUE INDEX environments_by_key ON environments (owner_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX environments_alive ON environments (team, owner_id) WHERE state <> 'removed';
CREATE INDEX team_members_by_user ON team_members (user_id);
CREATE INDEX audit_by_environment ON audit (environment_id, id);
CREATE INDEX audit_by_team ON audit (team, id);
CREATE INDEX audit_by_action ON audit (action, outcome, at);
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE INDEX requests_open ON requests (team) WHERE state = 'open';
CREATE INDEX requests_by_asker ON requests (asker_id);
CREATE INDEX requests_lent ON requests (team, lent_until) WHERE lent_until IS NOT NULL;
CREATE INDEX environments_by_change ON environments (changed);
CREATE INDEX environments_by_expiry ON environments (state, expires_at);
CREATE INDEX user_groups_by_name ON user_groups (name);
CREATE INDEX team_groups_by_name ON team_groups (name);
CREATE INDEX requests_by_return ON requests (lent_until) WHERE lent_until IS NOT NULL;
CREATE TRIGGER environment_added AFTER INSERT ON environments
BEGIN
    UPDATE changes SET environments = environments + 1;
    UPDATE environments SET changed = (SELECT environments FROM changes) WHERE id = NEW.id;
END;
CREATE TRIGGER environment_changed AFTER UPDATE ON environments WHEN NEW.changed = OLD.changed
BEGIN
    UPDATE changes SET environments = environments + 1;
    UPDATE environments SET changed = (SELECT environments FROM changes) WHERE id = NEW.id;
END;
CREATE TRIGGER person_renamed AFTER UPDATE OF name ON users WHEN NEW.name <> OLD.name
BEGIN
    UPDATE changes SET environments = environments + 1, requests = requests + 1;
    UPDATE environments SET changed = (SELECT environments FROM changes) WHERE owner_id = NEW.id AND state <> 'removed';
END;
CREATE TRIGGER requests_added AFTER INSERT ON requests BEGIN UPDATE changes SET requests = requests + 1; END;
CREATE TRIGGER requests_changed AFTER UPDATE ON requests BEGIN UPDATE changes SET requests = requests + 1; END;
CREATE TRIGGER requests_deleted AFTER DELETE ON requests BEGIN UPDATE changes SET requests = requests + 1; END;
CREATE TRIGGER teams_added AFTER INSERT ON teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER teams_changed AFTER UPDATE ON teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER teams_deleted AFTER DELETE ON teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER team_groups_added AFTER INSERT ON team_groups BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER team_groups_changed AFTER UPDATE ON team_groups BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER team_groups_deleted AFTER DELETE ON team_groups BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER sizes_added AFTER INSERT ON sizes BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER sizes_changed AFTER UPDATE ON sizes BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER sizes_deleted AFTER DELETE ON sizes BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER templates_added AFTER INSERT ON templates BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER templates_changed AFTER UPDATE ON templates BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER templates_deleted AFTER DELETE ON templates BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_versions_added AFTER INSERT ON template_versions
BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_versions_changed AFTER UPDATE ON template_versions
BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_teams_added AFTER INSERT ON template_teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_teams_changed AFTER UPDATE ON template_teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE TRIGGER template_teams_deleted AFTER DELETE ON template_teams BEGIN UPDATE changes SET catalogue = catalogue + 1; END;
CREATE INDEX audit_unfolded ON audit (id) WHERE folded IS NULL;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OF
    id, at, person_id, person, origin, token, action, outcome, team, environment_id, object, reason ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_folded_once BEFORE UPDATE OF folded_person, folded ON audit WHEN OLD.folded IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
COMMIT;
