package cli

import (
	"heliograph/offline/keystore"
	"heliograph/offline/station"
)

// Records is a keystore as the application sees it.
func Records(s *keystore.Store) station.Store { return records{s} }
