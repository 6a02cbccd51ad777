package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"heliograph/shared/qr/channel"
)

// poll is how long the channel waits when there is nothing to film.
const poll = 2 * time.Millisecond

// channelCommand is the channel process: the only one that opens one party's
// screen and another's camera. Lines on its standard input say who looks at
// whom; it answers each with one line.
func channelCommand() *cobra.Command {
	var parties []string
	var keep string
	var sample int
	o := channel.Options{Level: 1, Loss: 0.2, Seed: 1}
	c := &cobra.Command{
		Use:   "channel --party NAME=FOLDER ...",
		Short: "carry frames from one party's screen to another's camera",
		Long: `Carry frames from one party's screen to another's camera, through a model of a
hand-held camera: rotated, blurred, noisy, and with frames lost.

Each party's folder holds the folders "screen" and "camera". Type:
  connect FROM TO     TO's camera looks at FROM's screen
  disconnect          it looks away; prints what was carried
The process ends with its input.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			folders := make(map[string]string)
			for _, p := range parties {
				name, folder, ok := strings.Cut(p, "=")
				if !ok || name == "" || folder == "" {
					return fmt.Errorf("channel: --party %q: want NAME=FOLDER", p)
				}
				folders[name] = folder
			}
			r, err := newRouter(folders, o)
			if err != nil {
				return err
			}
			if keep != "" {
				r.keep, r.sample = keep, sample
			}
			return r.serve(c.InOrStdin(), c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&parties, "party", nil, "a party and its folder, NAME=FOLDER; once for each")
	f.IntVar(&o.Level, "level", o.Level, "how bad the camera is, 0 to 4")
	f.Float64Var(&o.Loss, "loss", o.Loss, "part of the frames that never arrive")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "the same seed gives the same pictures")
	f.StringVar(&keep, "keep", "", "folder for a sample of the frames")
	f.IntVar(&sample, "sample", 4, "frames to keep of each connection")
	return c
}

// serve obeys lines from in until it ends. A line that makes no sense is
// answered with "error: ..." and changes nothing.
func (r *router) serve(in io.Reader, out io.Writer) error {
	lines := make(chan string)
	var failed error
	go func() {
		defer close(lines)
		s := bufio.NewScanner(in)
		for s.Scan() {
			lines <- s.Text()
		}
		failed = s.Err()
	}()
	idle := time.NewTimer(poll)
	defer idle.Stop()
	for {
		var wait <-chan time.Time
		if r.connected() {
			moved, err := r.step()
			if err != nil {
				return err
			}
			pause := poll
			if moved {
				pause = 0
			}
			idle.Reset(pause)
			wait = idle.C
		}
		select {
		case <-wait:
		case line, ok := <-lines:
			if !ok {
				return failed
			}
			if _, err := fmt.Fprintln(out, r.obey(line)); err != nil {
				return err
			}
		}
	}
}

// obey carries out one line and gives the answer to it.
func (r *router) obey(line string) string {
	words := strings.Fields(line)
	switch {
	case len(words) == 3 && words[0] == "connect":
		if err := r.connect(words[1], words[2]); err != nil {
			return "error: " + err.Error()
		}
		return fmt.Sprintf("connected %s %s", words[1], words[2])
	case len(words) == 1 && words[0] == "disconnect":
		c, err := r.disconnect()
		if err != nil {
			return "error: " + err.Error()
		}
		return c.String()
	}
	return "error: channel: type connect FROM TO, or disconnect"
}

// String is the answer to disconnect; parseCounts reads it.
func (c counts) String() string {
	return fmt.Sprintf("carried bytes %d fragments %d shown %d seen %d", c.bytes, c.fragments, c.shown, c.seen)
}

func parseCounts(line string) (counts, error) {
	var c counts
	if _, err := fmt.Sscanf(line, "carried bytes %d fragments %d shown %d seen %d", &c.bytes, &c.fragments, &c.shown, &c.seen); err != nil {
		return counts{}, fmt.Errorf("demo: the channel answered %q", line)
	}
	return c, nil
}
