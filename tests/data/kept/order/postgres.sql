--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: sfi; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA sfi;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: layout; Type: TABLE; Schema: sfi; Owner: -
--

CREATE TABLE sfi.layout (
    version bigint NOT NULL
);


--
-- Name: record; Type: TABLE; Schema: sfi; Owner: -
--

CREATE TABLE sfi.record (
    vault integer NOT NULL,
    sequence bigint NOT NULL,
    kind bigint NOT NULL,
    "time" bigint NOT NULL,
    device bytea NOT NULL,
    session bigint NOT NULL,
    remaining bigint NOT NULL,
    license bytea NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    mac bytea NOT NULL
);


--
-- Name: vault; Type: TABLE; Schema: sfi; Owner: -
--

CREATE TABLE sfi.vault (
    id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    flags bigint NOT NULL,
    serial bytea NOT NULL,
    firmware_id text NOT NULL COLLATE pg_catalog."C",
    product_id text NOT NULL COLLATE pg_catalog."C",
    ca_public bytea NOT NULL,
    maximum bigint NOT NULL,
    low_water bigint NOT NULL,
    genesis bytea NOT NULL,
    pin_tries bigint NOT NULL,
    remaining bigint NOT NULL,
    sequence bigint NOT NULL,
    log_head bytea NOT NULL,
    mac bytea NOT NULL,
    seal bigint NOT NULL,
    log2_n bigint NOT NULL,
    r bigint NOT NULL,
    p bigint NOT NULL,
    salt bytea NOT NULL,
    sealed bytea NOT NULL,
    sealed_check bytea NOT NULL
);


--
-- Name: vault_id_seq; Type: SEQUENCE; Schema: sfi; Owner: -
--

ALTER TABLE sfi.vault ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sfi.vault_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Data for Name: layout; Type: TABLE DATA; Schema: sfi; Owner: -
--

COPY sfi.layout (version) FROM stdin;
1
\.


--
-- Data for Name: record; Type: TABLE DATA; Schema: sfi; Owner: -
--

COPY sfi.record (vault, sequence, kind, "time", device, session, remaining, license, previous, hash, mac) FROM stdin;
1	1	1	1796041039	\\x26c9f7d6dc6b580e17e7e16171bc5526073b9b56749ae94c2826fbfdb9921205	0	5	\\x5346492e000000000100000000000000000000000000000060418014b1e2b0a94cf86180cc8449aa993e7a49ded1ac3c8d0abed0a264678b745e284266ca328f33e0c5917280c87e30d2dacd709c872efe29f99c91dbc8be463f44146be8feea245265b05408e5e36e8eff7e21c477f530f71142062d16cf1d21405ba3cb99b664dd4362ae266ab5	\\xf5ef44ce84b85d1c76720f63a4f8f428af5062cc366b73e7151f684889273dcf	\\xdb06f41b7d3d2e6be81e67ce15025b0e38269457275549338fba60b5eda02d9c	\\xbd94d86ddd87750248137f46b8992738e82b10a0467a1e885bb7bf23489f5fcc
\.


--
-- Data for Name: vault; Type: TABLE DATA; Schema: sfi; Owner: -
--

COPY sfi.vault (id, name, flags, serial, firmware_id, product_id, ca_public, maximum, low_water, genesis, pin_tries, remaining, sequence, log_head, mac, seal, log2_n, r, p, salt, sealed, sealed_check) FROM stdin;
1	kept	0	\\xb1136a90d69d788bd82117ed52e979f5	blink-2	46201002	\\x0a56ba8b7251d2f0115b84d0cd3349366fd2a0b6496ba1563ac06e20c664f475c3b85fb45493460c3b8ab49ba055605f48f7445e6b21a585f3cdc9350defe085	6	0	\\xf5ef44ce84b85d1c76720f63a4f8f428af5062cc366b73e7151f684889273dcf	10	5	1	\\xdb06f41b7d3d2e6be81e67ce15025b0e38269457275549338fba60b5eda02d9c	\\x8b936ac4fca57a187c76678b140ccda611d963e4d30d0ce2c0779c86aa8a538a	1	15	8	1	\\x53a6e04e9d8f3ae7d3d31b1faebc1ef6	\\x342c88a970296784afc838432ed3f8d85f1b33051c64c10ef7a1c9843e6854d30d868b71a556b2221618e1367c5370c5adf93823b828011fd5cc8c022fea8baf65ded50b184b1380104d9cfc92ca19397c10323dde2532b6	\\x1258d0d4b05a502ed3a2619a6abbb6b0d27d50d0f8879bdf809762a1cd758c53
\.


--
-- Name: vault_id_seq; Type: SEQUENCE SET; Schema: sfi; Owner: -
--

SELECT pg_catalog.setval('sfi.vault_id_seq', 1, true);


--
-- Name: record record_pkey; Type: CONSTRAINT; Schema: sfi; Owner: -
--

ALTER TABLE ONLY sfi.record
    ADD CONSTRAINT record_pkey PRIMARY KEY (vault, sequence);


--
-- Name: vault vault_name_key; Type: CONSTRAINT; Schema: sfi; Owner: -
--

ALTER TABLE ONLY sfi.vault
    ADD CONSTRAINT vault_name_key UNIQUE (name);


--
-- Name: vault vault_pkey; Type: CONSTRAINT; Schema: sfi; Owner: -
--

ALTER TABLE ONLY sfi.vault
    ADD CONSTRAINT vault_pkey PRIMARY KEY (id);


--
-- Name: record_count; Type: INDEX; Schema: sfi; Owner: -
--

CREATE UNIQUE INDEX record_count ON sfi.record USING btree (vault, device) WHERE (kind = 1);


--
-- Name: record_session; Type: INDEX; Schema: sfi; Owner: -
--

CREATE UNIQUE INDEX record_session ON sfi.record USING btree (vault, device, session);


--
-- Name: record record_vault_fkey; Type: FK CONSTRAINT; Schema: sfi; Owner: -
--

ALTER TABLE ONLY sfi.record
    ADD CONSTRAINT record_vault_fkey FOREIGN KEY (vault) REFERENCES sfi.vault(id);


--
-- PostgreSQL database dump complete
--


