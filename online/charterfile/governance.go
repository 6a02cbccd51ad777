package charterfile

import (
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"

	"heliograph/shared/charter"
)

// governance reads how the charter changes and stops. A demand that is left out
// asks for nobody but the stations.
func (r *reader) governance(n *yaml.Node) charter.Governance {
	var g charter.Governance
	if n == nil {
		return g
	}
	r.mark(n, "governance")
	f := r.mapping(n, "governance", "tighten", "loosen", "thaw", "delay", "officers", "max-age", "versions")
	for _, part := range []struct {
		key string
		to  *charter.Demand
	}{{"tighten", &g.Tighten}, {"loosen", &g.Loosen}, {"thaw", &g.Thaw}} {
		if at := f.value[part.key]; at != nil {
			r.mark(at, "%s", part.key)
			*part.to = r.demand(at, 1)
		}
	}
	g.Delay = uint32(f.period("delay", charter.MaxPeriod, false))
	g.MaxAge = uint32(f.period("max-age", charter.MaxPeriod, false))
	for _, at := range r.list(f.value["officers"], "roles, such as [officer]") {
		role := r.scalar(at, "a role, such as officer")
		r.known(at, role, "role", r.names.roles)
		g.Officers = append(g.Officers, role)
	}
	g.Versions = f.words("versions", `versions of the station program, such as ["1.2.0"]`)
	return g
}

// work reads the easiest block that proves a confirmation, as its header says
// it.
func (r *reader) work(f fields) uint32 {
	n := f.value["work"]
	if n == nil {
		return 0
	}
	v, err := strconv.ParseUint(n.Value, 16, 32)
	if n.Kind != yaml.ScalarNode || err != nil || fmt.Sprintf("%08x", v) != n.Value || v == 0 {
		r.problem(n, "work is %q: want the bits of the easiest block header that counts, eight hexadecimal digits such as 1d00ffff", shown(n))
		return 0
	}
	r.mark(n, "work")
	return uint32(v)
}
