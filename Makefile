# What people type; the work is in scripts/.

.PHONY: run test dev bench soak engines audit clean

run: ## set up what is missing, build, and serve on http://127.0.0.1:3000
	@scripts/run

test: ## everything: format, lints, tests on a real engine, journeys in a real browser
	@scripts/test

dev: ## serve, and rebuild on change
	@scripts/dev

bench: ## launch, start, memory and page size, measured
	@scripts/bench

soak: ## thousands of random histories; server and engine killed, disk full, on a real engine; takes long
	@scripts/soak

engines: ## the engine contract on newer engines, each in a root of its own; root on Debian
	@scripts/engines

audit: ## licences, bans and sources of the dependencies
	@scripts/audit

clean: ## take away what was built; berth-data stays
	@scripts/clean
