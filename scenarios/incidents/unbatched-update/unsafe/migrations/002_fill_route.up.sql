UPDATE parcels SET route = encode(sha256(convert_to(repeat(address, 600), 'UTF8')), 'hex');
