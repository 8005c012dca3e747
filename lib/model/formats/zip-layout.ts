/** Numbers of ZIP's records, which its reader, its writer and who reads only its end must agree on (APPNOTE.TXT 6.3.10). */

export const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
/** Bytes of each record without what varies. */
export const localBytes = 30;
export const centralBytes = 46;
export const endBytes = 22;
