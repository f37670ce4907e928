extern "C" int sense_nothing() { return 0; }
