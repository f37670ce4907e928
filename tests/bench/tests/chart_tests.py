#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the chart shows, without drawing it: needs no matplotlib."""
import json
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../report"))
import chart


def line(figure, value, peer=None, peer_value=None):
    return json.dumps({"figure": figure, "value": value, "peer": peer, "peer_value": peer_value})


class Chart(unittest.TestCase):
    def test_bar_for_each_that_was_measured_the_longest_first(self):
        lines = [line("durable_throughput_vs_nats", 1, "nats", 2),
                 line("throughput_64B_1sub", 9, "nats", 9),
                 line("throughput_256B_1sub", 500, "nats", 1000),
                 line("throughput_256B_1sub_lost", 0, "nats", 12345),
                 line("throughput_256B_1sub", 500, "mosquitto_qos0", None), ""]
        self.assertEqual(chart.bars(lines), [("nats", 1000), ("sense", 500)])

    def test_without_a_matrix_the_durable_throughput(self):
        lines = [line("durable_throughput_vs_zmq_proxy", 600_000, "zmq_proxy", 800_000),
                 line("latency_10k_p50", 0.3)]
        self.assertEqual(chart.bars(lines), [("zmq_proxy", 800_000), ("sense", 600_000)])

    def test_without_throughput_no_bar(self):
        self.assertEqual(chart.bars([line("durable_throughput_vs_nats", None, "nats"),
                                     line("latency_10k_p50", 0.3)]), [])

    def test_label_says_what_is_promised(self):
        self.assertEqual(chart.label("sense", 366161.2), "366,161 · acknowledged, synced")
        self.assertEqual(chart.label("nats", 1000), "1,000 · not acknowledged")

    def test_machine_is_that_of_the_table_wherever_its_caption_is_broken(self):
        self.assertEqual(chart.machine("Measured on 2026-11-22: Fast & <Furious> CPU, 2\ncores, Linux 6.1, "
                                       "data on ext4\non vda; everything"),
                         "Fast & <Furious> CPU, 2 cores, ext4 on vda, 2026-11-22")
        self.assertEqual(chart.machine("| no | caption |"), "")


if __name__ == "__main__":
    unittest.main()
