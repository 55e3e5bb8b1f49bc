.PHONY: docs
docs: ## make gw-findings(7) anew from its table
	@docs/gen-findings.sh lib/rec/findings.def >docs/man/gw-findings.7.new
	@mv docs/man/gw-findings.7.new docs/man/gw-findings.7
