package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// alone looks at a running process from outside and returns an error unless it
// has no socket, no file open outside its party's folder, and an empty
// environment. It proves this for one moment only; that a
// station never opens a connection is the business of its own guard.
func (w *world) alone(p *process) error {
	home := w.home(p.name)
	proc := fmt.Sprintf("/proc/%d", p.cmd.Process.Pid)
	open, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return fmt.Errorf("demo: look at %s: %w", p.name, err)
	}
	for _, fd := range open {
		target, err := os.Readlink(filepath.Join(proc, "fd", fd.Name()))
		if err != nil {
			continue // closed meanwhile
		}
		if !harmless(target, home) {
			return fmt.Errorf("demo: %s has %s open, which is not its own", p.name, target)
		}
	}
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	if err != nil {
		return fmt.Errorf("demo: look at %s: %w", p.name, err)
	}
	if cwd != home {
		return fmt.Errorf("demo: %s works in %s; want %s", p.name, cwd, home)
	}
	env, err := os.ReadFile(filepath.Join(proc, "environ"))
	if err != nil {
		return fmt.Errorf("demo: look at %s: %w", p.name, err)
	}
	if len(env) > 0 {
		return fmt.Errorf("demo: %s was given the environment %q; want none", p.name, env)
	}
	return nil
}

// harmless tells whether an open file is the process's own: a pipe to its
// person, a device, something of the kernel's, or a file in its folder. The Go
// runtime keeps a processor limit open in /sys/fs/cgroup.
func harmless(target, home string) bool {
	for _, prefix := range []string{"pipe:", "anon_inode:", "/dev/", "/sys/fs/cgroup/", home + "/"} {
		if strings.HasPrefix(target, prefix) {
			return true
		}
	}
	return target == home
}
